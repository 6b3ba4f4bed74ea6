import { useQueryClient } from '@tanstack/react-query';
import { Button, Input } from 'antd';
import { type FormEvent, useState } from 'react';
import { useNavigate } from 'react-router';
import { ApiError, call } from '../../api/client.ts';
import { LanguageSwitch } from '../../app/shell.tsx';
import { useWords } from '../../i18n/language.ts';
import type { MessageKey } from '../../i18n/zh.ts';

const failures: Readonly<Record<string, MessageKey>> = {
  wrong_login: 'login.wrong',
  too_many_attempts: 'login.tooMany',
  unreachable: 'login.unreachable',
};

export default function LoginPage() {
  const { t } = useWords();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [fault, setFault] = useState<MessageKey | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [username, password] = [String(form.get('username') ?? ''), String(form.get('password') ?? '')];
    if (username === '' || password === '') return setFault('login.required');
    setBusy(true);
    try {
      await call('/api/v1/login', { username, password });
      client.clear();
      await navigate('/');
    } catch (thrown) {
      setFault((thrown instanceof ApiError && failures[thrown.code]) || 'login.failed');
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="login">
      <form className="panel" onSubmit={(event) => void submit(event)}>
        <h1>{t('app.title')}</h1>
        <p className="quiet">{t('login.subtitle')}</p>
        <label htmlFor="username">{t('login.username')}</label>
        <Input
          id="username"
          name="username"
          size="large"
          autoComplete="username"
          autoCapitalize="none"
          data-testid="login-user"
        />
        <label htmlFor="password">{t('login.password')}</label>
        <Input
          id="password"
          name="password"
          type="password"
          size="large"
          autoComplete="current-password"
          data-testid="login-password"
        />
        <p className="login-fault" role="alert">
          {fault !== null && t(fault)}
        </p>
        <Button type="primary" htmlType="submit" size="large" block loading={busy} data-testid="login-submit">
          {t('login.submit')}
        </Button>
        <p className="quiet login-hint">{t('login.hint')}</p>
      </form>
      <LanguageSwitch />
    </main>
  );
}
