export function areLanguagesMismatched(): boolean {
  const first = navigator.languages?.[0];
  return first === undefined || first !== navigator.language;
}
