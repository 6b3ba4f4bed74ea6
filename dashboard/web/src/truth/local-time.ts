/** Date text such as "2026-11-21" of an instant in a zone: equal texts are the same local day. */
export function localDay(at: number, zone: string): string {
  return dayFormat(zone).format(at);
}

/** Clock time "14:20" of an instant in a zone. */
export function localClock(at: number, zone: string): string {
  return clockFormat(zone).format(at);
}

// Making an Intl format costs some 50 us and pages ask each second: one per zone is kept.
const dayFormats = new Map<string, Intl.DateTimeFormat>();
const clockFormats = new Map<string, Intl.DateTimeFormat>();

function dayFormat(zone: string): Intl.DateTimeFormat {
  const known = dayFormats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  dayFormats.set(zone, made);
  return made;
}

function clockFormat(zone: string): Intl.DateTimeFormat {
  const known = clockFormats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
  clockFormats.set(zone, made);
  return made;
}
