/** The people of the team: who may do what, and who is invited. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../api/client';
import type { Invitation, Member } from '../api/types';
import { day, number } from '../lib/format';
import { AskButton } from '../parts/AskButton';
import { Tag } from '../parts/Badges';
import { Button } from '../parts/Button';
import { Dialog, useOpen } from '../parts/Dialog';
import { DialogForm } from '../parts/DialogForm';
import { Input, Select, SelectField } from '../parts/Field';
import { ListOf } from '../parts/ListOf';
import { Once } from '../parts/Once';
import { Facts, Page, Panel } from '../parts/Page';
import { Said } from '../parts/Said';
import { Fetched } from '../parts/States';
import { Time } from '../parts/Time';
import { tell } from '../parts/Toasts';
import { useAct } from '../parts/useAct';
import { useMe, useRights } from '../parts/useMe';
import { useSwitchTeam } from '../parts/useTeam';
import { endSession } from '../session';
import { texts } from '../texts';

const ROLES = ['VIEWER', 'USER', 'ADMIN'] as const;
const NAME_CHARS_MAX = 100;
const EMAIL_CHARS_MAX = 254;
const TOUCHES = ['team', 'me'];

const roleOptions = ROLES.map((role) => [role, texts.roles[role] ?? role] as const);
const set = (userId: string, change: { role?: string; disabled?: boolean }) =>
  body(api.PATCH('/team/members/{userId}', { params: { path: { userId } }, body: change }));

export default function Team() {
  const { write } = useRights();
  const [inviting, open, close] = useOpen();
  const [invited, setInvited] = useState<Invitation | null>(null);
  return (
    <Page
      title={texts.team.title}
      lead={texts.team.lead}
      actions={
        write && (
          <Button look="main" onClick={open}>
            {texts.team.invite}
          </Button>
        )
      }
    >
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,1fr)_340px]">
        <div className="flex min-w-0 flex-col gap-4">
          <Members />
          {write && <Invitations />}
        </div>
        <About write={write} />
      </div>
      {inviting && <Invite onClose={close} onMade={setInvited} />}
      {invited && <Invited invitation={invited} onClose={() => setInvited(null)} />}
    </Page>
  );
}

function About({ write }: { write: boolean }) {
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

function Members() {
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

function Invitations() {
  const query = useQuery({
    queryKey: ['team', 'invitations'],
    queryFn: ({ signal }) => body(api.GET('/team/invitations', { signal })),
  });
  return (
    <Panel title={texts.team.invitations}>
      <ListOf query={query} none={texts.team.noInvitations}>
        {(invitation) => <Waiting key={invitation.id} invitation={invitation} />}
      </ListOf>
    </Panel>
  );
}

function Waiting({ invitation }: { invitation: Invitation }) {
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-3 last:border-0">
      <div className="min-w-48 flex-1">
        <Said max={80} className="font-medium">
          {invitation.email}
        </Said>
        <div className="text-xs text-soft">
          {texts.team.invitedBy} <Said max={60}>{invitation.invitedBy}</Said>
          {' · '}
          {texts.team.expires} <Time at={invitation.expiresAt} />
        </div>
      </div>
      <span className="text-soft">{texts.roles[invitation.role] ?? invitation.role}</span>
      <AskButton
        label={texts.team.withdraw}
        title={texts.team.askWithdraw(invitation.email)}
        hint={texts.team.withdrawHint}
        act={() =>
          body(api.DELETE('/team/invitations/{id}', { params: { path: { id: invitation.id } } }))
        }
        done={() => texts.team.withdrawn}
        touches={TOUCHES}
      />
    </li>
  );
}

function Invite({ onClose, onMade }: { onClose: () => void; onMade: (made: Invitation) => void }) {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<(typeof ROLES)[number]>('USER');
  const invite = useAct({
    act: () => body(api.POST('/team/invitations', { body: { email: email.trim(), role } })),
    touches: TOUCHES,
    after: (_, made) => {
      onClose();
      if (made) onMade(made);
    },
  });
  return (
    <DialogForm
      title={texts.team.invite}
      onClose={onClose}
      act={texts.team.invite}
      blocked={invite.isPending || !email.trim()}
      onAct={() => invite.mutate()}
    >
      <Input
        label={texts.team.email}
        type="email"
        required
        maxLength={EMAIL_CHARS_MAX}
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <SelectField
        label={texts.team.role}
        hint={texts.team.roleHints[role]}
        value={role}
        options={roleOptions}
        onChange={setRole}
      />
    </DialogForm>
  );
}

/** Where mail is configured, the link went to the address alone; elsewhere it is shown. */
function Invited({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) {
  const title = texts.team.linkTitle(invitation.email);
  if (!invitation.link) {
    return (
      <Dialog title={title} onClose={onClose}>
        <div className="flex flex-col gap-4">
          <p className="said">
            {invitation.emailed
              ? texts.team.emailed(invitation.email)
              : texts.team.notSent(invitation.emailError ?? '')}
          </p>
          <div className="flex justify-end">
            <Button look="main" onClick={onClose}>
              {texts.common.close}
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Once
      title={title}
      hint={texts.team.linkHint}
      blocks={[[texts.team.link, invitation.link]]}
      onClose={onClose}
    >
      {invitation.emailError && (
        <p className="said text-soft">{texts.team.notEmailed(invitation.emailError)}</p>
      )}
    </Once>
  );
}
