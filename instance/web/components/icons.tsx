// Inline pictures: drawn for this, so that nothing is fetched and their colour is the text's.
import type { ComponentChildren } from 'preact'

const Icon = ({ children, solid }: { children: ComponentChildren; solid?: boolean }) => (
  <svg class={solid ? 'icon solid' : 'icon'} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    {children}
  </svg>
)

const paths = {
  home: 'M4 11.5 12 4l8 7.5M6 10v9.5h12V10M10 19.5v-5h4v5',
  here: 'M3 20h18M4.5 20v-7L9 8.5l4.5 4.5v7M13.5 20v-10l3-3 3.5 3.5V20M8 16h2',
  bell: 'M6 16.5V11a6 6 0 1 1 12 0v5.5l1.5 1.5h-15zM10 20.5a2.2 2.2 0 0 0 4 0',
  search: 'M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13zM15.5 15.5 20.5 20.5',
  person: 'M12 12.5a4.2 4.2 0 1 0 0-8.4 4.2 4.2 0 0 0 0 8.4zM4.5 20.5c.6-3.7 3.6-5.5 7.5-5.5s6.9 1.8 7.5 5.5',
  pen: 'M4.5 19.5l1-4.2L16.6 4.2a1.6 1.6 0 0 1 2.3 0l.9.9a1.6 1.6 0 0 1 0 2.3L8.7 18.5zM14.5 6.5l3 3',
  reply: 'M10 7 4.5 12 10 17v-3.2c4.5 0 7.3 1 9.5 4.2-.4-5.2-3.4-8-9.5-8.2z',
  boost:
    'M5.5 14V8.8A1.8 1.8 0 0 1 7.3 7h8.2M13 4l3 3-3 3M18.5 10v5.2a1.8 1.8 0 0 1-1.8 1.8H8.5M11 20l-3-3 3-3',
  like: 'M12 19.8C6.5 15.8 4 12.8 4 9.6 4 7.1 5.9 5.2 8.2 5.2c1.6 0 3 .9 3.8 2.3.8-1.4 2.2-2.3 3.8-2.3C18.1 5.2 20 7.1 20 9.6c0 3.2-2.5 6.2-8 10.2z',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  world:
    'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM3.5 12h17M12 3.5c5 5.2 5 11.8 0 17M12 3.5c-5 5.2-5 11.8 0 17',
  moon: 'M19.5 14.2A8 8 0 0 1 9.8 4.5a8 8 0 1 0 9.7 9.7z',
  lock: 'M6.5 11h11v8.5h-11zM8.5 11V8.2a3.5 3.5 0 0 1 7 0V11',
  mail: 'M4 6.5h16v11H4zM4.5 7l7.5 6 7.5-6',
  gear: 'M12 15.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM12 3.5v2.2M12 18.3v2.2M3.5 12h2.2M18.3 12h2.2M6 6l1.6 1.6M16.4 16.4 18 18M18 6l-1.6 1.6M7.6 16.4 6 18',
  gift: 'M4.5 11h15v8.5h-15zM3.5 8h17v3h-17zM12 8v11.5M12 8C9.5 8 7.5 7 7.5 5.4S10.8 3.7 12 8c1.2-4.3 4.5-4.2 4.5-2.6S14.5 8 12 8z',
  leave: 'M13.5 4.5h-8v15h8M10 12h10M16.5 8.5 20 12l-3.5 3.5',
} as const

export type IconName = keyof typeof paths

export const Picture = ({ name }: { name: IconName }) => (
  <Icon>
    <path d={paths[name]} stroke-width={name === 'more' ? 3 : undefined} />
  </Icon>
)

export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <path class="wall" d="M4 17.5 10 11l6 6.5V27H4z" />
    <path class="roof" d="M1.5 18 10 9.2l8.5 8.8-1.6 1.6L10 12.3l-6.9 7.3z" />
    <path class="wall" d="M16 15.5 22 9l6 6.5V27H16z" />
    <path class="roof" d="M13.5 16 22 6.6l8.5 9.4-1.7 1.5L22 10l-6.8 7.5z" />
    <rect class="glow" x="20" y="17.5" width="4.5" height="4.5" rx="1" />
    <rect class="roof" x="8" y="20" width="4" height="7" rx="1" />
  </svg>
)

const round = (number: number) => Math.round(number * 10) / 10

/** A house of the scene: body, roof and a lit window. */
const House = ({ x, y, w, h, other }: { x: number; y: number; w: number; h: number; other?: boolean }) => (
  <g>
    <rect class="wall" x={x} y={y} width={w} height={h} />
    <path
      class={other ? 'roof2' : 'roof'}
      d={`M${x - 6} ${y + 1} L${x + w / 2} ${round(y - w * 0.55)} L${x + w + 6} ${y + 1} Z`}
    />
    <rect
      class="glow"
      x={round(x + w * 0.16)}
      y={round(y + h * 0.22)}
      width={round(w * 0.22)}
      height={round(h * 0.28)}
      rx="1.5"
    />
    <rect
      class={other ? 'roof' : 'roof2'}
      x={round(x + w * 0.58)}
      y={round(y + h * 0.42)}
      width={round(w * 0.24)}
      height={round(h * 0.58)}
      rx="1.5"
    />
  </g>
)

/** The hamlet on its hills. */
export const Scene = () => (
  <svg
    class="scene"
    viewBox="0 0 900 180"
    preserveAspectRatio="xMidYMax slice"
    aria-hidden="true"
    focusable="false"
  >
    <circle class="glow" cx="742" cy="46" r="20" />
    <path class="far" d="M0 120 C 120 60 240 70 360 108 S 620 60 760 96 S 860 110 900 92 V180 H0 Z" />
    <House x={150} y={92} w={34} h={26} other />
    <House x={590} y={84} w={30} h={24} />
    <path class="near" d="M0 150 C 140 108 300 116 450 140 S 760 118 900 142 V180 H0 Z" />
    <House x={232} y={96} w={52} h={40} />
    <House x={312} y={106} w={40} h={32} other />
    <House x={392} y={88} w={60} h={52} />
    <House x={476} y={108} w={44} h={34} other />
    <House x={548} y={112} w={38} h={28} />
    <House x={668} y={108} w={46} h={32} other />
    <path
      class="far"
      d="M610 140 q10 -38 20 0 Z M360 142 q9 -34 18 0 Z M195 138 q8 -30 16 0 Z M730 138 q9 -32 18 0 Z"
    />
  </svg>
)
