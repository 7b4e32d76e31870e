/** What a change is taken back to: of the thing as it was, what the change names. */
export function asBefore<Thing extends object, Change extends object>(
  thing: Thing,
  change: Change,
): Pick<Thing, keyof Thing & keyof Change> {
  const names = Object.keys(change) as (keyof Thing & keyof Change)[];
  return Object.fromEntries(names.map((name) => [name, thing[name]])) as Pick<
    Thing,
    keyof Thing & keyof Change
  >;
}
