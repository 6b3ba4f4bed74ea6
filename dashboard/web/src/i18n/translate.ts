import { en } from './en.ts';
import { type Catalogue, type MessageKey, zh } from './zh.ts';

export const languages = ['zh-CN', 'en'] as const;
export type Language = (typeof languages)[number];
export type Parameters = Readonly<Record<string, string | number>>;
export type Translate = (key: MessageKey, parameters?: Parameters) => string;

const catalogues: Record<Language, Catalogue> = { 'zh-CN': zh, en };
const numberFormats: Record<Language, Intl.NumberFormat> = {
  'zh-CN': new Intl.NumberFormat('zh-CN', { maximumFractionDigits: 1 }),
  en: new Intl.NumberFormat('en', { maximumFractionDigits: 1 }),
};

/** The text of `key`: `{name}` filled in, numbers grouped, and of `one|many` the form that `n` asks for. */
export function translatorFor(language: Language): Translate {
  const catalogue = catalogues[language];
  return (key, parameters) => {
    const text = chooseForm(catalogue[key], parameters?.['n']);
    if (!parameters) return text;
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = parameters[name];
      if (value === undefined) return whole;
      return typeof value === 'number' ? formatNumber(value, language) : value;
    });
  };
}

/** A number as the language groups it, at most one decimal. */
export function formatNumber(value: number, language: Language): string {
  return numberFormats[language].format(value);
}

function chooseForm(text: string, count: string | number | undefined): string {
  const bar = text.indexOf('|');
  if (bar < 0) return text;
  return count === 1 ? text.slice(0, bar) : text.slice(bar + 1);
}
