/**
 * Arguments for Node itself, by service. The broker gets a small young generation: with 10,000 devices connected it then needs 329 MB instead
 * of 411 MB, at the same intake (`npm run bench -- connections intake`); its live heap is 123 MB, the rest was room that V8 had not given back.
 */
export function nodeArguments(service: string): string[] {
  const quiet = '--disable-warning=ExperimentalWarning';
  return service === 'broker' ? [quiet, '--max-semi-space-size=4'] : [quiet];
}
