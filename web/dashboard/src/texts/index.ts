/** Every text of the dashboard. */
import { access } from './access';
import { channels } from './channels';
import { data } from './data';
import { doors } from './doors';
import { escalations } from './escalations';
import { frame } from './frame';
import { home } from './home';
import { identities } from './identities';
import { identity } from './identity';
import { labels } from './labels';
import { lists } from './lists';
import { people } from './people';
import { rules } from './rules';
import { terms } from './terms';

export const texts = {
  ...access,
  ...channels,
  ...data,
  ...doors,
  ...escalations,
  ...frame,
  ...home,
  ...identities,
  ...identity,
  ...labels,
  ...lists,
  ...people,
  ...rules,
  ...terms,
};
