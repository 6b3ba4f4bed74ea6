import type { Figure } from '@waystation/shared/contracts/twin';
import { useWords } from '../i18n/language.ts';
import { sayAge } from '../i18n/wordings.ts';
import { ageOf } from '../truth/age.ts';

/** A number with its truth: known, old with its age, or never seen (a dash, never a zero). */
export function Value({
  figure,
  now,
  unit,
  scale = 1,
  testId,
}: {
  figure: Figure | null;
  now: number;
  unit?: string;
  scale?: number;
  testId?: string;
}) {
  const { t, number } = useWords();
  if (figure === null || figure.value === null || figure.at === null || figure.state === 'never') {
    return (
      <span className="value value-never" data-testid={testId}>
        <b>—</b> <small>{t('truth.never')}</small>
      </span>
    );
  }
  const old = figure.state === 'stale';
  return (
    <span className={old ? 'value value-stale' : 'value'} data-testid={testId}>
      <b>{number(figure.value * scale)}</b> {unit !== undefined && <small>{unit}</small>}
      {old && (
        <small className="age"> {t('truth.staleAge', { age: sayAge(ageOf(figure.at, now), t) })}</small>
      )}
    </span>
  );
}
