import { useQueryClient } from '@tanstack/react-query';
import { Button } from 'antd';
import { Link, Outlet } from 'react-router';
import { call } from '../api/client.ts';
import { useStations } from '../api/queries.ts';
import { setLanguage, useWords } from '../i18n/language.ts';
import type { MessageKey } from '../i18n/zh.ts';
import { type Link as FeedLink, leave } from '../live/live-store.ts';
import { useLink } from '../live/use-live.ts';
import { localClock } from '../truth/local-time.ts';
import type { Tone } from '../truth/needs.ts';
import { Mark } from '../ui/mark.tsx';

const linkWords: Record<FeedLink, [Tone, MessageKey]> = {
  connecting: ['unknown', 'link.connecting'],
  live: ['ok', 'link.live'],
  reconnecting: ['attention', 'link.reconnecting'],
  offline: ['urgent', 'link.offline'],
};

/** Switches between the two languages; its label is in the other one. */
export function LanguageSwitch() {
  const { t, language } = useWords();
  return (
    <Button
      type="text"
      size="small"
      aria-label={t('app.languageLabel')}
      onClick={() => setLanguage(language === 'en' ? 'zh-CN' : 'en')}
    >
      {t('app.language')}
    </Button>
  );
}

/** Header, demo banner and connection line round every page behind the login. */
export function Shell() {
  const { t } = useWords();
  const { link, heardAt } = useLink();
  const { data } = useStations();
  const client = useQueryClient();
  const [tone, word] = linkWords[link];
  const signOut = async () => {
    await call('/api/v1/logout', {}).catch(() => undefined);
    leave();
    client.clear();
    location.assign('/login');
  };
  return (
    <>
      <a className="visually-hidden" href="#content">
        {t('app.skip')}
      </a>
      {data?.district.demo && (
        <p className="demo">
          <b>{t('app.demo')}</b> {t('app.demoNote')}
        </p>
      )}
      <header className="header">
        <Link to="/" className="brand">
          {data?.district.genericName ?? t('app.title')}
        </Link>
        <span className="header-end">
          <span aria-live="polite" data-testid="link">
            <Mark tone={tone}>{t(word)}</Mark>
          </span>
          <LanguageSwitch />
          <Button type="text" size="small" onClick={() => void signOut()}>
            {t('app.signOut')}
          </Button>
        </span>
      </header>
      {link === 'offline' && (
        <output className="offline">
          {heardAt === null
            ? t('link.offlineNever')
            : t('link.offlineNote', { time: localClock(heardAt, data?.district.zone ?? 'Asia/Shanghai') })}
        </output>
      )}
      <main id="content" className="content">
        <Outlet />
      </main>
    </>
  );
}
