// Who a post is for, in words and pictures.
import type { Visibility } from '../../visibility/visibility.ts'
import type { IconName } from './icons.tsx'

export const AUDIENCES: Readonly<Record<Visibility, { label: string; hint: string; icon: IconName }>> = {
  public: { label: 'Everybody', hint: 'Public, shown in timelines', icon: 'world' },
  unlisted: { label: 'Everybody, quietly', hint: 'Public, but not shown Here', icon: 'moon' },
  followers: { label: 'Followers', hint: 'And whoever is named', icon: 'lock' },
  instance: { label: 'Only my instance', hint: 'Never leaves this home', icon: 'here' },
  direct: { label: 'Named people', hint: 'Only those you write with @', icon: 'mail' },
}
