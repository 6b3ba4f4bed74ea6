import { useMemo, useSyncExternalStore } from 'react';
import { formatNumber, type Language, languages, type Translate, translatorFor } from './translate.ts';

const storageKey = 'waystation.language';
const listeners = new Set<() => void>();
let current: Language = readStored();

function readStored(): Language {
  try {
    const stored = localStorage.getItem(storageKey);
    return languages.find((language) => language === stored) ?? 'zh-CN';
  } catch {
    // Storage can be forbidden (a locked-down kiosk): Chinese is the default anyway.
    return 'zh-CN';
  }
}

export function setLanguage(language: Language): void {
  current = language;
  document.documentElement.lang = language;
  try {
    localStorage.setItem(storageKey, language);
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export interface Words {
  readonly language: Language;
  readonly t: Translate;
  /** A number as the language groups it, at most one decimal. */
  readonly number: (value: number) => string;
}

/** Texts and numbers in the reader's language; a component that uses it follows the switch. */
export function useWords(): Words {
  const language = useSyncExternalStore(subscribe, () => current);
  return useMemo(
    () => ({
      language,
      t: translatorFor(language),
      number: (value: number) => formatNumber(value, language),
    }),
    [language],
  );
}
