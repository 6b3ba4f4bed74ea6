import { lazy, Suspense } from 'react';
import { Link, useParams } from 'react-router';
import { type StationAnswer, useStation } from '../../api/queries.ts';
import { DeviceTile } from '../../devices/device-tile.tsx';
import { useWords } from '../../i18n/language.ts';
import type { Translate } from '../../i18n/translate.ts';
import { kindWords, sayAge, sayEntry, sayNeed, sayStage, sayWeekday } from '../../i18n/wordings.ts';
import { useLive, useServerNow } from '../../live/use-live.ts';
import { ageOf } from '../../truth/age.ts';
import { localClock } from '../../truth/local-time.ts';
import { deviceNeeds, toneRank } from '../../truth/needs.ts';
import { todayFigure } from '../../truth/today.ts';
import { Mark } from '../../ui/mark.tsx';
import { Failed, Waiting } from '../../ui/panels.tsx';
import { Value } from '../../ui/value.tsx';

const OccupancyCurve = lazy(() => import('./occupancy-curve.tsx'));

/** One station, live. */
export default function StationPage() {
  const { id = '' } = useParams();
  const { t } = useWords();
  const query = useStation(id);
  const live = useLive(id);
  const now = useServerNow();

  if (query.isPending) {
    return (
      <>
        <Waiting height={64} />
        <Waiting height={150} />
        <Waiting height={260} />
      </>
    );
  }
  if (query.error && query.data === undefined)
    return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  const { station, devices, district } = query.data;
  const figures = live.stations.get(id) ?? station.figures;
  // A device of another station can only be left over from a scope that is being left.
  const twins = devices.map((device) => ({
    device,
    twin: ownTwin(live.devices.get(device.id), id) ?? (device.twin as never),
  }));
  const hasCounter = devices.some(({ kind }) => kind === 'door-counter');
  return (
    <article>
      <Link to="/" className="back">
        ‹ {t('station.back')}
      </Link>
      <Title station={station} />
      {hasCounter && figures !== null ? (
        <section className="panel now">
          <div className="people">
            <small>{t('station.people')}</small>
            <p>
              <span className="about">{t('station.about')}</span>{' '}
              <Value figure={figures.occupancy} now={now} unit={t('station.peopleUnit')} testId="people" />
            </p>
            {figures.occupancy.lastCertainAt !== null && (
              <small>
                {t('station.lastCertain', {
                  time: localClock(figures.occupancy.lastCertainAt, district.zone),
                })}
              </small>
            )}
          </div>
          <div>
            <small>{t('station.entriesToday')}</small>
            <p>
              <Value
                figure={todayFigure(figures.entriesToday, now, district.zone, null)}
                now={now}
                testId="entries-today"
              />
            </p>
          </div>
          <div>
            <small>{t('station.exitsToday')}</small>
            <p>
              <Value figure={todayFigure(figures.exitsToday, now, district.zone, null)} now={now} />
            </p>
          </div>
        </section>
      ) : (
        <section className="panel empty">
          <h2>{t('station.noCounter')}</h2>
          <p>{t('station.noCounterNote')}</p>
        </section>
      )}
      {hasCounter && (
        <section className="panel">
          <h2>{t('curve.title')}</h2>
          <Suspense fallback={<Waiting height={180} />}>
            <OccupancyCurve station={id} zone={district.zone} />
          </Suspense>
        </section>
      )}
      <Needs twins={twins} now={now} />
      <section>
        <h2>
          {t('station.devices')}{' '}
          {figures !== null && (
            <small>{t('station.devicesOnline', { n: figures.devices.online, total: devices.length })}</small>
          )}
        </h2>
        {devices.length === 0 && <p className="quiet">{t('station.noDevices')}</p>}
        <ul className="devices">
          {twins.map(({ device, twin }) => (
            <DeviceTile key={device.id} device={device} twin={twin} supplies={station.supplies} now={now} />
          ))}
        </ul>
      </section>
    </article>
  );
}

function ownTwin<T extends { station: string }>(twin: T | undefined, station: string): T | undefined {
  return twin?.station === station ? twin : undefined;
}

function Title({ station }: { station: StationAnswer['station'] }) {
  const { t } = useWords();
  const stage = sayStage(station.stage, t);
  const facts = [
    station.unit.name,
    station.hostType,
    station.open24h ? t('station.open24') : t('station.openHours', { hours: sayHours(station.hours, t) }),
    sayEntry(station.entry, t),
    station.seats === null ? null : t('station.seats', { n: station.seats }),
    station.areaM2 === null ? null : t('station.area', { n: station.areaM2 }),
  ];
  return (
    <header className="title">
      <h1>{station.name}</h1>
      {stage !== null && <Mark tone="out">{stage}</Mark>}
      <p className="quiet">{facts.filter((fact) => fact !== null).join(' · ')}</p>
    </header>
  );
}

/** "周一–周五 09:00–17:00，周六–周日 10:00–16:00". */
function sayHours(hours: StationAnswer['station']['hours'], t: Translate): string {
  return hours
    .map(({ days, from, to }) => {
      const [first, last] = [days[0] ?? 1, days.at(-1) ?? 7];
      const range =
        first === last
          ? sayWeekday(first, t)
          : t('week.range', { from: sayWeekday(first, t), to: sayWeekday(last, t) });
      return days.length === 7 ? `${from}–${to}` : `${range} ${from}–${to}`;
    })
    .join(t('week.join'));
}

type Twins = readonly {
  device: StationAnswer['devices'][number];
  twin: Parameters<typeof deviceNeeds>[0] | null;
}[];

/** What needs a hand, the most pressing first. */
function Needs({ twins, now }: { twins: Twins; now: number }) {
  const { t } = useWords();
  const needs = twins
    .filter(({ device, twin }) => device.stage === 'in-use' && twin !== null)
    .flatMap(({ device, twin }) =>
      twin === null
        ? []
        : deviceNeeds(twin, device.capacityMl, now).map((need) => ({ device, need, at: twin.at })),
    )
    .sort((a, b) => toneRank[a.need.tone] - toneRank[b.need.tone]);
  if (twins.length === 0) return null;
  return (
    <section>
      <h2>{t('station.needs')}</h2>
      {needs.length === 0 && (
        <p className="panel quiet">
          <Mark tone="ok">{t('station.noNeeds')}</Mark>
        </p>
      )}
      <ul className="needs">
        {needs.map(({ device, need, at }) => (
          <li className="panel" key={`${device.id} ${need.code}`}>
            <Mark tone={need.tone}>
              {device.name ?? t(kindWords[device.kind])} · {sayNeed(need, t)}
            </Mark>
            {at !== null && <span className="age">{sayAge(ageOf(at, now), t)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
