/** The people of the team: who may do what, and who is invited. */
import { useState } from 'react';
import type { Invitation } from '../api/types';
import { Button } from '../parts/Button';
import { useOpen } from '../parts/Dialog';
import { Page } from '../parts/Page';
import { useRights } from '../parts/useMe';
import { texts } from '../texts';
import { About } from './team/About';
import { Invitations, Invite, Invited } from './team/Invitations';
import { Members } from './team/Members';

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
