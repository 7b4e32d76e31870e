/** Who is invited, and inviting somebody. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, body } from '../../api/client';
import type { Invitation } from '../../api/types';
import { AskButton } from '../../parts/AskButton';
import { Button } from '../../parts/Button';
import { Dialog } from '../../parts/Dialog';
import { DialogForm } from '../../parts/DialogForm';
import { Input, SelectField } from '../../parts/Field';
import { ListOf } from '../../parts/ListOf';
import { Once } from '../../parts/Once';
import { Panel } from '../../parts/Page';
import { Said } from '../../parts/Said';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { texts } from '../../texts';
import { type Role, roleOptions, TOUCHES } from './team';

const EMAIL_CHARS_MAX = 254;

export function Invitations() {
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

export function Invite({
  onClose,
  onMade,
}: {
  onClose: () => void;
  onMade: (made: Invitation) => void;
}) {
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('USER');
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
export function Invited({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) {
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
