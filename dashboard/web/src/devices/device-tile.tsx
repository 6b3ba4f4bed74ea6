import type { DeviceTwin } from '@waystation/shared/contracts/twin';
import type { RegisteredDevice, Supplies } from '../api/queries.ts';
import { useWords } from '../i18n/language.ts';
import { kindWords, sayAge, sayNeed, sayStage } from '../i18n/wordings.ts';
import { ageOf } from '../truth/age.ts';
import { deviceNeeds } from '../truth/needs.ts';
import { hasOldValues } from '../truth/truth.ts';
import { Mark } from '../ui/mark.tsx';
import { DeviceBody } from './device-body.tsx';

/** One device: what it is, how it is, its own picture of things, and the age of what it says. */
export function DeviceTile({
  device,
  twin,
  supplies,
  now,
}: {
  device: RegisteredDevice;
  twin: DeviceTwin | null;
  supplies: Supplies;
  now: number;
}) {
  const { t } = useWords();
  const stage = sayStage(device.stage, t);
  const need =
    twin === null
      ? { tone: 'unknown' as const, code: 'never' as const }
      : deviceNeeds(twin, device.capacityMl, now)[0];
  const old = twin !== null && hasOldValues(twin, now);
  return (
    <li className={old ? 'panel device old' : 'panel device'} data-testid={`device-${device.id}`}>
      <header>
        <h3>{device.name ?? t(kindWords[device.kind])}</h3>
        {stage === null ? (
          <Mark tone={need?.tone ?? 'ok'}>{need === undefined ? t('need.ok') : sayNeed(need, t)}</Mark>
        ) : (
          <Mark tone="out">{stage}</Mark>
        )}
      </header>
      {twin?.data ? (
        <DeviceBody device={device} twin={twin} supplies={supplies} />
      ) : (
        <p className="quiet">{stage === null ? t('device.neverNote') : t('device.notHandedOverNote')}</p>
      )}
      <footer>
        <span>
          {twin?.online === true
            ? t('device.online')
            : twin?.online === false
              ? t('device.offline')
              : t('device.neverOnline')}
        </span>
        {twin !== null && twin.at !== null && <span className="age">{sayAge(ageOf(twin.at, now), t)}</span>}
      </footer>
    </li>
  );
}
