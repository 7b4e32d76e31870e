/** Links to the things of the system, with their names as strangers wrote them. */
import { Link } from '@tanstack/react-router';
import { Said } from './Said';

export function IdentityLink({
  id,
  label,
  className = '',
}: {
  id: string;
  label?: string | null;
  className?: string;
}) {
  return (
    <Link to="/identities/$id" params={{ id }} className={`link ${className}`}>
      <Said max={60}>{label || id}</Said>
    </Link>
  );
}

export function DeviceLink({ fingerprint }: { fingerprint: string }) {
  return (
    <Link to="/devices/$fingerprint" params={{ fingerprint }} className="link font-mono text-xs">
      <Said max={12}>{fingerprint}</Said>
    </Link>
  );
}

/** A name over its id. */
export function Who({ id, name }: { id: string; name?: string | null }) {
  return (
    <span className="flex min-w-0 flex-col leading-tight">
      <IdentityLink id={id} label={name} className="truncate font-medium" />
      {name && (
        <Said max={48} className="truncate text-xs text-soft">
          {id}
        </Said>
      )}
    </span>
  );
}
