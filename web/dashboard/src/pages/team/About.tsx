/** The team itself: its name, its limit, and another one beside it. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../../api/client';
import { day, number } from '../../lib/format';
import { Button } from '../../parts/Button';
import { useOpen } from '../../parts/Dialog';
import { DialogForm } from '../../parts/DialogForm';
import { Input } from '../../parts/Field';
import { Facts, Panel } from '../../parts/Page';
import { Said } from '../../parts/Said';
import { Fetched } from '../../parts/States';
import { useAct } from '../../parts/useAct';
import { useSwitchTeam } from '../../parts/useTeam';
import { texts } from '../../texts';
import { TOUCHES } from './team';

const NAME_CHARS_MAX = 100;

export function About({ write }: { write: boolean }) {
  const [renaming, rename, stop] = useOpen();
  const [making, make, close] = useOpen();
  const query = useQuery({
    queryKey: ['team'],
    queryFn: ({ signal }) => body(api.GET('/team', { signal })),
  });
  const change = useAct({
    act: (name: string) => body(api.PATCH('/team', { body: { name } })),
    done: () => texts.team.renamed,
    undo: () => body(api.PATCH('/team', { body: { name: query.data?.name ?? '' } })),
    touches: TOUCHES,
    after: stop,
  });
  const move = useSwitchTeam();
  const another = useAct({
    act: (name: string) => body(api.POST('/teams', { body: { name } })),
    touches: TOUCHES,
    after: (_, made) => {
      close();
      if (made) move.mutate(made.id);
    },
  });
  return (
    <Panel title={texts.team.team}>
      <Fetched query={query}>
        {(team) => (
          <div className="flex flex-col gap-4 p-4">
            <Facts
              facts={[
                [texts.team.name, <Said key="name">{team.name}</Said>],
                [texts.team.made, day(team.createdAt)],
                [
                  texts.team.limit,
                  team.monthlyEventLimit == null
                    ? texts.team.unlimited
                    : number(team.monthlyEventLimit),
                ],
              ]}
            />
            {write && (
              <div className="flex flex-wrap gap-2">
                <Button small onClick={rename}>
                  {texts.team.rename}
                </Button>
                <Button small onClick={make}>
                  {texts.team.another}
                </Button>
              </div>
            )}
            {renaming && (
              <Naming
                title={texts.team.rename}
                before={team.name}
                busy={change.isPending}
                onName={(name) => change.mutate(name)}
                onClose={stop}
              />
            )}
          </div>
        )}
      </Fetched>
      {making && (
        <Naming
          title={texts.team.another}
          hint={texts.team.anotherHint}
          before=""
          busy={another.isPending || move.isPending}
          onName={(name) => another.mutate(name)}
          onClose={close}
        />
      )}
    </Panel>
  );
}

function Naming({
  title,
  hint,
  before,
  busy,
  onName,
  onClose,
}: {
  title: string;
  hint?: string;
  before: string;
  busy: boolean;
  onName: (name: string) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState(before);
  return (
    <DialogForm
      title={title}
      onClose={onClose}
      act={texts.common.save}
      blocked={busy || !name.trim()}
      onAct={() => onName(name.trim())}
    >
      <Input
        label={texts.team.name}
        hint={hint}
        required
        maxLength={NAME_CHARS_MAX}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
    </DialogForm>
  );
}
