/** Who is in the team, and what can be done about each. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../../api/client';
import type { Member } from '../../api/types';
import { AskButton } from '../../parts/AskButton';
import { Tag } from '../../parts/Badges';
import { Button } from '../../parts/Button';
import { Select } from '../../parts/Field';
import { Once } from '../../parts/Once';
import { Panel } from '../../parts/Page';
import { Said } from '../../parts/Said';
import { Fetched } from '../../parts/States';
import { Time } from '../../parts/Time';
import { tell } from '../../parts/Toasts';
import { useAct } from '../../parts/useAct';
import { useMe, useRights } from '../../parts/useMe';
import { endSession } from '../../session';
import { texts } from '../../texts';
import { roleOptions, TOUCHES } from './team';

const set = (userId: string, change: { role?: string; disabled?: boolean }) =>
  body(api.PATCH('/team/members/{userId}', { params: { path: { userId } }, body: change }));

export function Members() {
  const { write } = useRights();
  const me = useMe().data;
  const [reset, setReset] = useState<{ member: Member; link: string } | null>(null);
  const query = useQuery({
    queryKey: ['team', 'members'],
    queryFn: ({ signal }) => body(api.GET('/team/members', { signal })),
  });
  return (
    <Panel title={texts.team.members}>
      <Fetched query={query}>
        {(members) => (
          <ul>
            {members.map((member) => (
              <Row
                key={member.id}
                member={member}
                own={member.email === me?.email}
                write={write}
                onReset={(link) => setReset({ member, link })}
              />
            ))}
          </ul>
        )}
      </Fetched>
      {reset && (
        <Once
          title={texts.team.resetTitle(reset.member.name)}
          hint={texts.team.resetHint}
          blocks={[[texts.team.link, reset.link]]}
          onClose={() => setReset(null)}
        />
      )}
    </Panel>
  );
}

function Row({
  member,
  own,
  write,
  onReset,
}: {
  member: Member;
  own: boolean;
  write: boolean;
  onReset: (link: string) => void;
}) {
  const { id } = member;
  const change = useAct({
    act: (role: string) => set(id, { role }),
    done: () => texts.team.roleChanged,
    undo: () => set(id, { role: member.role }),
    touches: TOUCHES,
  });
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-3 last:border-0">
      <div className="min-w-48 flex-1">
        <div className="flex flex-wrap items-center gap-2 font-medium">
          <Said max={60}>{member.name}</Said>
          {own && <Tag look="accent">{texts.team.you}</Tag>}
          {member.disabled && <Tag look="warning">{texts.team.disabled}</Tag>}
        </div>
        <div className="text-xs text-soft">
          <Said max={80}>{member.email}</Said>
          {' · '}
          {member.lastLoginAt ? (
            <>
              {texts.team.seen} <Time at={member.lastLoginAt} />
            </>
          ) : (
            texts.team.never
          )}
        </div>
      </div>
      {write && !own ? (
        <Select
          label={texts.team.roleOf(member.name)}
          value={member.role}
          options={roleOptions}
          onChange={(role) => change.mutate(role)}
        />
      ) : (
        <span className="text-soft">{texts.roles[member.role] ?? member.role}</span>
      )}
      {own ? <Leave member={member} /> : write && <MemberActs member={member} onReset={onReset} />}
    </li>
  );
}

function Leave({ member }: { member: Member }) {
  return (
    <AskButton
      label={texts.team.leave}
      look="plain"
      answerLook="danger"
      title={texts.team.askLeave}
      hint={texts.team.leaveHint}
      act={() =>
        body(api.DELETE('/team/members/{userId}', { params: { path: { userId: member.id } } }))
      }
      touches={[]}
      after={() => {
        tell(texts.team.left);
        endSession('left');
      }}
    />
  );
}

function MemberActs({ member, onReset }: { member: Member; onReset: (link: string) => void }) {
  const path = { params: { path: { userId: member.id } } };
  const disabling = {
    done: () => (member.disabled ? texts.team.enabledNow : texts.team.disabledNow),
    undo: () => set(member.id, { disabled: member.disabled }),
    touches: TOUCHES,
  };
  const enable = useAct({ act: () => set(member.id, { disabled: false }), ...disabling });
  return (
    <div className="flex flex-wrap gap-2">
      <AskButton
        label={texts.team.reset}
        answer={texts.team.resetAct}
        look="plain"
        answerLook="main"
        title={texts.team.askReset(member.name)}
        hint={texts.team.resetAsk}
        act={() => body(api.POST('/team/members/{userId}/actions/reset-password', path))}
        touches={[]}
        after={(_, made) => {
          if (made) onReset(made.link);
        }}
      />
      {member.disabled ? (
        <Button small onClick={() => enable.mutate()}>
          {texts.team.enable}
        </Button>
      ) : (
        <AskButton
          label={texts.team.disable}
          look="plain"
          answerLook="danger"
          title={texts.team.askDisable(member.name)}
          hint={texts.team.disableHint}
          act={() => set(member.id, { disabled: true })}
          {...disabling}
        />
      )}
      <AskButton
        label={texts.team.remove}
        title={texts.team.askRemove(member.name)}
        hint={texts.team.removeHint}
        act={() => body(api.DELETE('/team/members/{userId}', path))}
        done={() => texts.team.removed}
        touches={TOUCHES}
      />
    </div>
  );
}
