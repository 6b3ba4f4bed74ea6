import { QueryClientProvider } from '@tanstack/react-query';
import { ConfigProvider, theme } from 'antd';
import { lazy, Suspense, useSyncExternalStore } from 'react';
import { BrowserRouter, Navigate, Outlet, Route, Routes } from 'react-router';
import { ApiError } from '../api/client.ts';
import { queryClient, useSession } from '../api/queries.ts';
import { useWords } from '../i18n/language.ts';
import { Empty, Failed, Waiting } from '../ui/panels.tsx';
import { Shell } from './shell.tsx';

const LoginPage = lazy(() => import('../routes/login/login-page.tsx'));
const StationsPage = lazy(() => import('../routes/stations/stations-page.tsx'));
const StationPage = lazy(() => import('../routes/station/station-page.tsx'));

/** Pages behind the login; whoever is nobody goes to the login page and comes back. */
function SignedIn() {
  const session = useSession();
  if (session.isPending) return <Waiting height={320} />;
  if (session.error instanceof ApiError && session.error.status === 401)
    return <Navigate to="/login" replace />;
  if (session.error) return <Failed error={session.error} onRetry={() => void session.refetch()} />;
  return <Outlet />;
}

function NotFound() {
  const { t } = useWords();
  return <Empty title={t('app.notFound')} />;
}

const darkQuery = matchMedia('(prefers-color-scheme: dark)');
function useDark(): boolean {
  return useSyncExternalStore(
    (changed) => {
      darkQuery.addEventListener('change', changed);
      return () => darkQuery.removeEventListener('change', changed);
    },
    () => darkQuery.matches,
  );
}

export function App() {
  const dark = useDark();
  const token = { colorPrimary: dark ? '#3fb99d' : '#0e7c66', borderRadius: 8, fontFamily: 'var(--font)' };
  return (
    <ConfigProvider theme={{ algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm, token }}>
      <QueryClientProvider client={queryClient}>
        <BrowserRouter>
          <Suspense fallback={<Waiting height={320} />}>
            <Routes>
              <Route path="/login" element={<LoginPage />} />
              <Route element={<SignedIn />}>
                <Route element={<Shell />}>
                  <Route index element={<StationsPage />} />
                  <Route path="/stations/:id" element={<StationPage />} />
                  <Route path="*" element={<NotFound />} />
                </Route>
              </Route>
            </Routes>
          </Suspense>
        </BrowserRouter>
      </QueryClientProvider>
    </ConfigProvider>
  );
}
