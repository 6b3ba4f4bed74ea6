import type { DataOf } from '@waystation/shared/contracts/telemetry';
import type { DeviceTwin } from '@waystation/shared/contracts/twin';
import type { ReactNode } from 'react';
import type { RegisteredDevice, Supplies } from '../api/queries.ts';
import { useWords } from '../i18n/language.ts';
import { cellWords } from '../i18n/wordings.ts';

interface BodyProps {
  readonly device: RegisteredDevice;
  readonly twin: DeviceTwin;
  /** Names of what lies on the shelf. */
  readonly supplies: Supplies;
}

/** What a device shows, by its kind. */
export function DeviceBody({ device, twin, supplies }: BodyProps) {
  switch (device.kind) {
    case 'door-counter':
      return <Door twin={twin} />;
    case 'water-dispenser':
      return (
        <Water data={twin.data as DataOf<'water-dispenser'>} twin={twin} capacityMl={device.capacityMl} />
      );
    case 'charging-locker':
      return <Locker data={twin.data as DataOf<'charging-locker'>} />;
    case 'microwave':
      return <Microwave data={twin.data as DataOf<'microwave'>} twin={twin} />;
    case 'supply-shelf':
      return <Shelf data={twin.data as DataOf<'supply-shelf'>} supplies={supplies} />;
    case 'environment':
      return <Environment data={twin.data as DataOf<'environment'>} />;
    case 'door-lock':
      return <Lock data={twin.data as DataOf<'door-lock'>} />;
    case 'help-button':
      return <Help twin={twin} />;
  }
}

function Big({ children, unit }: { children: ReactNode; unit?: string }) {
  return (
    <p className="big">
      <b>{children}</b> {unit !== undefined && <small>{unit}</small>}
    </p>
  );
}

function Facts({ facts }: { facts: readonly (readonly [string, string | undefined])[] }) {
  const shown = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
  if (shown.length === 0) return null;
  return (
    <dl className="facts">
      {shown.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const today = (twin: DeviceTwin, field: string) => twin.today?.totals[field] ?? 0;

function Door({ twin }: { twin: DeviceTwin }) {
  const { t, number } = useWords();
  return (
    <>
      <Big unit={t('door.in')}>{number(today(twin, 'in'))}</Big>
      <Facts
        facts={[
          [t('door.out'), number(today(twin, 'out'))],
          [t('door.inAll'), number(twin.totals['in'] ?? 0)],
          [t('door.outAll'), number(twin.totals['out'] ?? 0)],
        ]}
      />
    </>
  );
}

function Water({
  data,
  twin,
  capacityMl,
}: {
  data: DataOf<'water-dispenser'>;
  twin: DeviceTwin;
  capacityMl: number | null;
}) {
  const { t, number } = useWords();
  const share =
    data.levelMl !== undefined && capacityMl !== null ? Math.min(1, data.levelMl / capacityMl) : undefined;
  const percent = share === undefined ? undefined : Math.round(share * 100);
  return (
    <>
      {percent === undefined ? (
        <Big>{t('water.plumbed')}</Big>
      ) : (
        <Big unit={t('water.ofLiters', { n: (capacityMl ?? 0) / 1_000 })}>{percent}%</Big>
      )}
      {percent !== undefined && (
        <div className="level" role="img" aria-label={t('water.level', { n: percent })}>
          <div style={{ width: `${percent}%` }} className={percent < 25 ? 'low' : ''} />
        </div>
      )}
      <Facts
        facts={[
          [
            t('water.today'),
            twin.totals['dispensedMl'] === undefined
              ? undefined
              : t('water.liters', { n: today(twin, 'dispensedMl') / 1_000 }),
          ],
          [t('water.hot'), data.hotC === undefined ? undefined : `${number(data.hotC)} ℃`],
          [t('water.filter'), data.filterPct === undefined ? undefined : `${number(data.filterPct)}%`],
        ]}
      />
    </>
  );
}

function Locker({ data }: { data: DataOf<'charging-locker'> }) {
  const { t, number } = useWords();
  const free = data.cells.filter(({ state }) => state === 'free').length;
  return (
    <>
      {free === 0 ? (
        <Big>{t('locker.full')}</Big>
      ) : (
        <Big unit={t('locker.freeOf', { total: data.cells.length })}>{number(free)}</Big>
      )}
      <ul className="cells">
        {data.cells.map(({ id, state, charging }) => {
          const shown = state === 'occupied' && charging === true ? 'charging' : state;
          const words = t('locker.cell', { id, state: t(cellWords[shown]) });
          return (
            <li key={id} className={`cell cell-${shown}`} title={words} aria-label={words}>
              <span aria-hidden="true">
                {shown === 'charging' ? '⚡' : shown === 'fault' ? '!' : shown === 'disabled' ? '–' : id}
              </span>
            </li>
          );
        })}
      </ul>
      <Facts facts={[[t('locker.temp'), data.tempC === undefined ? undefined : `${number(data.tempC)} ℃`]]} />
    </>
  );
}

function Microwave({ data, twin }: { data: DataOf<'microwave'>; twin: DeviceTwin }) {
  const { t, number } = useWords();
  const state = data.state ?? ((data.powerW ?? 0) > 200 ? 'running' : 'idle');
  return (
    <>
      <Big>{t(`microwave.${state}`)}</Big>
      <Facts
        facts={[
          [t('microwave.cycles'), t('microwave.times', { n: today(twin, 'cycles') })],
          [t('microwave.power'), data.powerW === undefined ? undefined : `${number(data.powerW)} W`],
          [t('microwave.doorOpen'), data.doorOpen === true ? '●' : undefined],
        ]}
      />
    </>
  );
}

function Shelf({ data, supplies }: { data: DataOf<'supply-shelf'>; supplies: Supplies }) {
  const { number } = useWords();
  const named = data.items.map(({ sku, quantity }) => {
    const supply = supplies.find((each) => each.sku === sku);
    return [supply?.name ?? sku, `${number(quantity)} ${supply?.unit ?? ''}`] as const;
  });
  return <Facts facts={named} />;
}

function Environment({ data }: { data: DataOf<'environment'> }) {
  const { t, number } = useWords();
  return (
    <>
      {data.tempC !== undefined && <Big unit="℃">{number(data.tempC)}</Big>}
      <Facts
        facts={[
          [
            t('environment.humidity'),
            data.humidityPct === undefined ? undefined : `${number(data.humidityPct)}%`,
          ],
          [t('environment.co2'), data.co2Ppm === undefined ? undefined : `${number(data.co2Ppm)} ppm`],
          [
            t(data.motion === true ? 'environment.motion' : 'environment.still'),
            data.motion === undefined ? undefined : '',
          ],
          [
            t(data.mainsPower === false ? 'environment.mainsOff' : 'environment.mainsOn'),
            data.mainsPower === undefined ? undefined : '',
          ],
        ]}
      />
    </>
  );
}

function Lock({ data }: { data: DataOf<'door-lock'> }) {
  const { t } = useWords();
  return (
    <>
      <Big>{t(data.open ? 'lock.open' : 'lock.closed')}</Big>
      <p className="quiet">{t(data.locked ? 'lock.locked' : 'lock.unlocked')}</p>
    </>
  );
}

function Help({ twin }: { twin: DeviceTwin }) {
  const { t, number } = useWords();
  const presses = today(twin, 'presses');
  return presses === 0 ? (
    <p className="quiet">{t('help.none')}</p>
  ) : (
    <Big unit={t('help.pressesToday')}>{number(presses)}</Big>
  );
}
