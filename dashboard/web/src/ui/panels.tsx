import { Button } from 'antd';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import { useWords } from '../i18n/language.ts';

/** A place of the same size as what will be there. */
export function Waiting({ height }: { height: number }) {
  return <div className="waiting" style={{ height }} aria-busy="true" />;
}

/** Nothing is here: what would be, and how to get it. */
export function Empty({ title, note, children }: { title: string; note?: string; children?: ReactNode }) {
  return (
    <div className="panel empty">
      <h2>{title}</h2>
      {note !== undefined && <p>{note}</p>}
      {children}
    </div>
  );
}

/** What happened, what we do about it, and a button. */
export function Failed({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { t } = useWords();
  const code = error instanceof ApiError ? error.code : 'unknown';
  if (code === 'not_found') return <Empty title={t('error.notFound')} note={t('error.notFoundNote')} />;
  return (
    <div className="panel empty" role="alert">
      <h2>{t('error.title')}</h2>
      <p>{code === 'unreachable' ? t('error.unreachable') : t('error.server', { code })}</p>
      <Button onClick={onRetry}>{t('error.retry')}</Button>
    </div>
  );
}
