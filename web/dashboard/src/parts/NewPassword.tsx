/** A password that is being chosen. */
import { texts } from '../texts';
import { Input } from './Field';

/** As the API has them. */
const PASSWORD_CHARS_MIN = 10;
const PASSWORD_CHARS_MAX = 256;

export function NewPassword({
  label,
  hint = texts.door.chooseHint,
  value,
  onChange,
}: {
  label: string;
  hint?: (chars: number) => string;
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <Input
      label={label}
      hint={hint(PASSWORD_CHARS_MIN)}
      type="password"
      autoComplete="new-password"
      required
      minLength={PASSWORD_CHARS_MIN}
      maxLength={PASSWORD_CHARS_MAX}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
