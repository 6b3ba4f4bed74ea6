import type { StationTwin } from '@waystation/shared/contracts/twin';
import { Link } from 'react-router';
import type { StationSummary } from '../../api/queries.ts';
import { useWords } from '../../i18n/language.ts';
import { sayAge, sayNeed, sayStage } from '../../i18n/wordings.ts';
import { ageOf } from '../../truth/age.ts';
import type { Need } from '../../truth/needs.ts';
import { todayFigure } from '../../truth/today.ts';
import { Mark } from '../../ui/mark.tsx';
import { Value } from '../../ui/value.tsx';

export interface Row {
  readonly station: StationSummary;
  readonly twin: StationTwin | null;
  readonly need: Need;
  readonly name: string;
}

/** One station of the list: what it needs first, then the few numbers that are asked for most. */
export function StationRow({
  row: { station, twin, need },
  now,
  zone,
}: {
  row: Row;
  now: number;
  zone: string;
}) {
  const { t } = useWords();
  const stage = sayStage(station.stage, t);
  const heardAt = twin?.occupancy.at ?? null;
  return (
    <li>
      <Link
        to={`/stations/${station.id}`}
        className="panel station-row"
        data-testid={`station-${station.id}`}
      >
        <span className="station-name">
          <b>{station.name}</b>
          <small>
            {station.unit.name}{' '}
            {heardAt !== null && <span className="age">· {sayAge(ageOf(heardAt, now), t)}</span>}
          </small>
        </span>
        <span className="station-need">
          <Mark tone={stage === null ? need.tone : 'out'}>{stage ?? sayNeed(need, t)}</Mark>
        </span>
        {station.deviceCount > 0 && (
          <span className="station-figures">
            <span>
              <small>{t('stations.columnPeople')}</small>
              <Value figure={twin?.occupancy ?? null} now={now} />
            </span>
            <span>
              <small>{t('stations.columnEntries')}</small>
              <Value
                figure={twin === null ? null : todayFigure(twin.entriesToday, now, zone, null)}
                now={now}
              />
            </span>
          </span>
        )}
      </Link>
    </li>
  );
}
