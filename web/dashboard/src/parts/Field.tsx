/** Fields with their names. */
import {
  type InputHTMLAttributes,
  type ReactNode,
  type TextareaHTMLAttributes,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import { texts } from '../texts';

export function Field({
  label,
  hint,
  children,
}: {
  label: string;
  hint?: string;
  children: (id: string) => ReactNode;
}) {
  const id = useId();
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children(id)}
      {hint && <p className="text-xs text-soft">{hint}</p>}
    </div>
  );
}

export function Input({
  label,
  hint,
  className = '',
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { label: string; hint?: string }) {
  return (
    <Field label={label} hint={hint}>
      {(id) => <input id={id} {...rest} className={`field ${className}`} />}
    </Field>
  );
}

/** More than a line of text. */
export function TextArea({
  label,
  hint,
  className = '',
  rows = 2,
  ...rest
}: TextareaHTMLAttributes<HTMLTextAreaElement> & { label: string; hint?: string }) {
  return (
    <Field label={label} hint={hint}>
      {(id) => (
        <textarea id={id} rows={rows} {...rest} className={`field h-auto py-2 ${className}`} />
      )}
    </Field>
  );
}

interface Options<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}

/** A choice from a few, its name not shown but said. */
export function Select<T extends string>({
  id,
  label,
  value,
  options,
  onChange,
}: Options<T> & { id?: string }) {
  return (
    <select
      id={id}
      aria-label={label}
      className="field min-h-[34px] max-w-64 pr-7 max-sm:max-w-none max-sm:min-w-[calc(50%-0.25rem)] max-sm:flex-1"
      value={value}
      onChange={(event) => onChange(event.target.value as T)}
    >
      {options.map(([code, name]) => (
        <option key={code} value={code}>
          {name}
        </option>
      ))}
    </select>
  );
}

/** The same in a form, with its name above it. */
export function SelectField<T extends string>({ hint, ...choice }: Options<T> & { hint?: string }) {
  return (
    <Field label={choice.label} hint={hint}>
      {(id) => <Select id={id} {...choice} />}
    </Field>
  );
}

/** A pause this long means that somebody wants to see what they typed find. */
const PAUSE_MS = 200;

/** Finds while one types. `/` puts the cursor here. */
export function Search({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}) {
  const [typed, setTyped] = useState(value);
  const told = useRef(value);
  // Another view or the back button changed it from outside.
  useEffect(() => {
    if (value !== told.current) {
      told.current = value;
      setTyped(value);
    }
  }, [value]);
  useEffect(() => {
    if (typed.trim() === told.current) return;
    const timer = setTimeout(() => {
      told.current = typed.trim();
      onChange(typed.trim());
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, onChange]);
  return (
    <input
      type="search"
      data-search
      aria-label={label}
      placeholder={label}
      maxLength={200}
      title={texts.common.slash}
      className="field w-full min-w-0 sm:w-80"
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}

/** One of a few that are shown side by side. */
export function Choice<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly (readonly [T, ReactNode])[];
  onChange: (value: T) => void;
}) {
  return (
    <fieldset className="inline-flex max-w-full min-w-0 overflow-x-auto rounded-[8px] border border-edge bg-sunken p-0.5">
      <legend className="sr-only">{label}</legend>
      {options.map(([code, name]) => (
        <button
          key={code}
          type="button"
          aria-pressed={code === value}
          onClick={() => onChange(code)}
          className={`h-7 rounded-md px-1.5 text-[0.82rem] whitespace-nowrap sm:px-2.5 sm:text-sm ${code === value ? 'bg-panel font-medium shadow-sm' : 'text-soft hover:text-ink'}`}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}

export function Check({
  checked,
  onChange,
  children,
}: {
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: string;
}) {
  return (
    <label className="flex items-center gap-2">
      <input
        type="checkbox"
        className="size-4 accent-accent"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span className="said">{children}</span>
    </label>
  );
}
