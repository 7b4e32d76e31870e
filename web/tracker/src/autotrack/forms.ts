import { FORM_FIELDS_MAX } from '../limits';
import type { Json, JsonObject } from '../types';
import { cleanUrl } from '../url';
import type { Recorder } from './index';
import { listen } from './listen';

interface FieldActivity {
  keys: number;
  inputs: number;
  pastes: number;
  untrusted: number;
  focusedAt: number | null;
  focusMs: number;
  firstAt: number | null;
}

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const NAME_MAX = 64;

/** Form submissions: names and timing of fields, how they were filled, never what is in them. */
export function watchForms(record: Recorder, signal: AbortSignal): void {
  const activities = new WeakMap<Field, FieldActivity>();
  const activityOf = (event: Event): FieldActivity | null => {
    const field = event.target;
    if (!isField(field)) return null;
    const known = activities.get(field) ?? newActivity();
    activities.set(field, known);
    if (!event.isTrusted) known.untrusted += 1;
    return known;
  };

  listen('focusin', signal, (event) => {
    const activity = activityOf(event);
    if (!activity) return;
    activity.focusedAt = event.timeStamp;
    activity.firstAt ??= event.timeStamp;
  });
  listen('focusout', signal, (event) => {
    const activity = activityOf(event);
    if (activity) endFocus(activity, event.timeStamp);
  });
  listen('keydown', signal, (event) => {
    const activity = activityOf(event);
    if (activity) activity.keys += 1;
  });
  listen('input', signal, (event) => {
    const activity = activityOf(event);
    if (!activity) return;
    activity.inputs += 1;
    activity.firstAt ??= event.timeStamp;
  });
  listen('paste', signal, (event) => {
    const activity = activityOf(event);
    if (activity) activity.pastes += 1;
  });
  listen('submit', signal, (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const fields = Array.from(form.elements).filter(isField).slice(0, FORM_FIELDS_MAX);
    const seen = fields.map((field): [Field, FieldActivity | undefined] => [
      field,
      activities.get(field),
    ]);
    record('form_submit', describeForm(form, seen, event));
  });
}

function describeForm(
  form: HTMLFormElement,
  fields: [Field, FieldActivity | undefined][],
  event: SubmitEvent,
): JsonObject {
  const starts = fields.map(([, activity]) => activity?.firstAt ?? null).filter(isNumber);
  return {
    form: nameOf(form),
    action: pathOf(form),
    method: (form.getAttribute('method') ?? 'get').toLowerCase().slice(0, NAME_MAX),
    trusted: event.isTrusted,
    bySubmitter: event.submitter != null,
    fillMs: starts.length > 0 ? Math.round(event.timeStamp - Math.min(...starts)) : null,
    sinceLoadMs: Math.round(event.timeStamp),
    fields: fields.map(([field, activity]) => describeField(field, activity, event.timeStamp)),
  };
}

function describeField(field: Field, activity: FieldActivity | undefined, nowMs: number): Json {
  if (activity) endFocus(activity, nowMs, field === document.activeElement);
  const { keys = 0, inputs = 0, pastes = 0, untrusted = 0, focusMs = 0 } = activity ?? {};
  return {
    name: nameOf(field),
    type: field.type,
    keys,
    inputs,
    pastes,
    untrusted,
    focusMs: Math.round(focusMs),
    filledWithoutKeys: isTextEntry(field) && isChanged(field) && keys === 0 && pastes === 0,
  };
}

function endFocus(activity: FieldActivity, nowMs: number, staysFocused = false): void {
  if (activity.focusedAt !== null) activity.focusMs += nowMs - activity.focusedAt;
  activity.focusedAt = staysFocused ? nowMs : null;
}

function newActivity(): FieldActivity {
  return {
    keys: 0,
    inputs: 0,
    pastes: 0,
    untrusted: 0,
    focusedAt: null,
    focusMs: 0,
    firstAt: null,
  };
}

function isField(target: unknown): target is Field {
  if (target instanceof HTMLInputElement) {
    return !['hidden', 'submit', 'button', 'image', 'reset'].includes(target.type);
  }
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function isTextEntry(field: Field): field is HTMLInputElement | HTMLTextAreaElement {
  if (field instanceof HTMLTextAreaElement) return true;
  const types = ['text', 'email', 'password', 'tel', 'url', 'search', 'number'];
  return types.includes(field.type);
}

/** Looks only at whether the page's own initial text was replaced, so nothing of it leaves. */
function isChanged(field: HTMLInputElement | HTMLTextAreaElement): boolean {
  return field.value !== '' && field.value !== field.defaultValue;
}

/** Through the attribute: a form control named "name" or "id" hides the property. */
function nameOf(element: Element): string {
  const name = element.getAttribute('name') || element.getAttribute('id') || '';
  return name.slice(0, NAME_MAX);
}

function pathOf(form: HTMLFormElement): string {
  const target = new URL(form.getAttribute('action') || location.href, document.baseURI);
  target.search = '';
  return cleanUrl(target.href);
}

function isNumber(value: number | null): value is number {
  return value !== null;
}
