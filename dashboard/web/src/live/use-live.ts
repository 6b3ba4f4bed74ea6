import { useEffect, useState, useSyncExternalStore } from 'react';
import { follow, getLive, type Live, subscribeToLive } from './live-store.ts';

/** The feed of one scope ('' = all stations). */
export function useLive(scope: string): Live {
  useEffect(() => follow(scope), [scope]);
  return useSyncExternalStore(subscribeToLive, getLive);
}

/** The link alone, for the header. */
export function useLink(): Live {
  return useSyncExternalStore(subscribeToLive, getLive);
}

/** Server time, epoch ms, each second: ages go on also while the feed is down. */
export function useServerNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const { clockOffsetMs } = useLink();
  return now + clockOffsetMs;
}
