import { Button, Input } from 'antd';
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { type StationsAnswer, useAlerts, useStations } from '../../api/queries.ts';
import { useWords } from '../../i18n/language.ts';
import type { Live } from '../../live/live-store.ts';
import { useLive, useServerNow } from '../../live/use-live.ts';
import { compareByNeed, type StationAlert, stationNeed } from '../../truth/needs.ts';
import { judgeFigure, usualIntervalMs } from '../../truth/truth.ts';
import { Empty, Failed, Waiting } from '../../ui/panels.tsx';
import { type Row, StationRow } from './station-row.tsx';

/** All stations, what needs a hand first. */
export default function StationsPage() {
  const { t, language } = useWords();
  const query = useStations();
  const alerts = useAlerts();
  const live = useLive('');
  const now = useServerNow();
  const [search, setSearch] = useSearchParams();
  const wanted = search.get('q') ?? '';
  const collator = useMemo(() => new Intl.Collator(language), [language]);

  if (query.isPending) return <ListSkeleton />;
  if (query.error && query.data === undefined)
    return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  const all = rowsOf(query.data, live, alerts.data?.alerts ?? [], now);
  if (all.length === 0) return <Empty title={t('stations.none')} note={t('stations.noneNote')} />;
  const rows = all
    .filter(({ station }) => matches(`${station.name} ${station.unit.name}`, wanted))
    .sort(compareByNeed(collator));
  return (
    <>
      <h1 className="visually-hidden">{t('stations.title')}</h1>
      <Totals rows={all} />
      <Input
        className="search"
        allowClear
        placeholder={t('stations.search')}
        aria-label={t('stations.search')}
        value={wanted}
        onChange={(event) =>
          setSearch(event.target.value === '' ? {} : { q: event.target.value }, { replace: true })
        }
      />
      {rows.length === 0 ? (
        <Empty title={t('stations.noMatch')} note={t('stations.noMatchNote')}>
          <Button onClick={() => setSearch({})}>{t('stations.clear')}</Button>
        </Empty>
      ) : (
        <ul className="station-list">
          {rows.map((row) => (
            <StationRow key={row.station.id} row={row} now={now} zone={query.data.district.zone} />
          ))}
        </ul>
      )}
    </>
  );
}

/** The district in four numbers; each says of how many stations it speaks. */
function Totals({ rows }: { rows: readonly Row[] }) {
  const { t, number } = useWords();
  const known = rows.filter(({ twin }) => twin?.occupancy.state === 'ok');
  const sum = (of: (row: Row) => number) => number(known.reduce((total, row) => total + of(row), 0));
  const needs = rows.filter(({ need }) => need.tone === 'urgent' || need.tone === 'attention').length;
  const online = rows.reduce((total, { twin }) => total + (twin?.devices.online ?? 0), 0);
  const devices = rows.reduce((total, { station }) => total + station.deviceCount, 0);
  const speaksOf = t('stations.ofStations', {
    n: known.length,
    total: rows.filter(({ station }) => station.deviceCount > 0).length,
  });
  const tiles: [string, string, string][] = [
    [t('stations.sumPeople'), sum(({ twin }) => twin?.occupancy.value ?? 0), speaksOf],
    [t('stations.sumEntries'), sum(({ twin }) => twin?.entriesToday.value ?? 0), speaksOf],
    [
      t('stations.sumNeeds'),
      number(needs),
      needs === 0 ? t('stations.sumNoNeeds') : t('stations.sumOfStations', { n: needs }),
    ],
    [t('stations.sumDevices'), number(online), t('stations.ofDevices', { n: devices })],
  ];
  return (
    <dl className="totals">
      {tiles.map(([label, value, note]) => (
        <div className="panel" key={label}>
          <dt>{label}</dt>
          <dd>
            <b>{value}</b>
            <small>{note}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function rowsOf(
  data: StationsAnswer,
  live: Live,
  alerts: readonly (StationAlert & { station: string })[],
  now: number,
): Row[] {
  return data.stations.map((station) => {
    const twin = live.stations.get(station.id) ?? station.figures;
    const own = alerts.filter((alert) => alert.station === station.id);
    const old =
      twin !== null && judgeFigure(twin.occupancy, now, usualIntervalMs['door-counter']) === 'stale';
    return { station, twin, need: stationNeed(station, twin, own, old), name: station.name };
  });
}

function matches(text: string, wanted: string): boolean {
  return text.toLocaleLowerCase().includes(wanted.trim().toLocaleLowerCase());
}

function ListSkeleton() {
  return (
    <>
      <Waiting height={96} />
      {[0, 1, 2, 3, 4, 5].map((row) => (
        <Waiting key={row} height={76} />
      ))}
    </>
  );
}
