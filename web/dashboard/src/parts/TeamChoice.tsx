/** The team one works in; whoever has several chooses. */
import type { Me } from '../api/types';
import { visible } from '../lib/hostile';
import { texts } from '../texts';
import { Select } from './Field';
import { Said } from './Said';
import { useSwitchTeam } from './useTeam';

export function TeamChoice({ me }: { me: Me | undefined }) {
  const change = useSwitchTeam();
  const teams = me?.teams ?? [];
  if (!me || teams.length < 2)
    return (
      <div className="truncate font-medium">
        <Said max={40}>{me?.teamName ?? '…'}</Said>
      </div>
    );
  return (
    <Select
      label={texts.team.choose}
      value={me.teamId}
      options={teams.map((team) => [team.id, visible(team.name)] as const)}
      onChange={(teamId) => change.mutate(teamId)}
    />
  );
}
