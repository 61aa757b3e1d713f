import { parseArgs } from 'node:util'

/** What a person may say to `npm run up`. */
export type UpOptions = {
  readonly context?: string
  readonly domain: string
  readonly ingressClass?: string
  readonly image?: string
  readonly postgresImage?: string
  readonly community: boolean
  readonly waitOnly: boolean
}

/** Shown by `npm run up -- --help`. */
export const help = `npm run up [-- OPTIONS]

Starts a cluster on this machine, installs Hamlet and a community at https://garden.localhost.

On a cluster of your own, where no ingress controller and no DNS is touched:
  --context NAME          a context of your kubeconfig; needs --domain and --image
  --domain DOMAIN         the community's domain, which must lead to that cluster's ingress
  --ingress-class CLASS   the IngressClass there (default: the cluster's default class)
  --image IMAGE           Hamlet's image, pushed where that cluster can pull it (or loaded into it)
  --postgres-image IMAGE  the bundled PostgreSQL's image (default: the chart's)

For scripts:
  --no-community          install Hamlet only
  --wait-only             change nothing, wait until the community answers`

/** Reads the command line; what cannot be done is refused with the remedy. `undefined` asks for help. */
export function readOptions(args: readonly string[]): UpOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      context: { type: 'string' },
      domain: { type: 'string' },
      'ingress-class': { type: 'string' },
      image: { type: 'string' },
      'postgres-image': { type: 'string' },
      'no-community': { type: 'boolean', default: false },
      'wait-only': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const { context, domain, image } = values
  if (context !== undefined && domain === undefined) {
    throw new Error('--context needs --domain: a name that leads to the ingress of that cluster')
  }
  if (context !== undefined && image === undefined && !values['wait-only']) {
    throw new Error(
      '--context needs --image: run `npm run build`, `docker build -f Containerfile -t IMAGE .`, `docker push IMAGE`',
    )
  }
  if (context === undefined && domain !== undefined && !domain.endsWith('.localhost')) {
    throw new Error(
      '--domain without --context must end in .localhost: other names do not lead to this machine',
    )
  }
  return {
    ...(context === undefined ? {} : { context }),
    domain: domain ?? 'garden.localhost',
    ...(values['ingress-class'] === undefined ? {} : { ingressClass: values['ingress-class'] }),
    ...(image === undefined ? {} : { image }),
    ...(values['postgres-image'] === undefined ? {} : { postgresImage: values['postgres-image'] }),
    community: !values['no-community'],
    waitOnly: values['wait-only'],
  }
}
