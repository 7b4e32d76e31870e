/** A user agent: what it claims to be in a few words, over all that it says. */
import { agentOf } from '../lib/agent';
import { texts } from '../texts';
import { Said } from './Said';

export function Agent({ text, whole = false }: { text?: string | null; whole?: boolean }) {
  if (!text) return <span className="text-soft">{texts.common.unknown}</span>;
  const short = agentOf(text);
  if (!short) return <Said max={160}>{text}</Said>;
  return (
    <span className="flex min-w-0 flex-col leading-tight">
      <Said max={60} className="truncate">
        {short}
      </Said>
      <Said max={200} className={`text-xs text-soft ${whole ? '' : 'truncate'}`}>
        {text}
      </Said>
    </span>
  );
}
