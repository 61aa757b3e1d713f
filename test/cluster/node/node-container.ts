import { GenericContainer, Wait } from 'testcontainers'
import type { Ports } from '../cluster.ts'
import { madeBy } from '../labels.ts'

// The reaper would remove the cluster as soon as this program ends; `down` does that here. Read before each start.
process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'

/** What a container that runs a Kubernetes node needs to know. */
export type NodeOptions = {
  readonly name: string
  readonly image: string
  readonly ports: Ports & { readonly api: number }
  readonly command?: readonly string[]
  /** Where its data is kept on a volume. */
  readonly dataPath: string
  /** A line in its log that says that it is up. */
  readonly ready: RegExp
}

/** A container that may run containers itself, publishes its ports on the loopback address and stays. */
export class NodeContainer extends GenericContainer {
  constructor(options: NodeOptions, privileges: 'privileged' | 'capabilities') {
    super(options.image)
    const { name, ports } = options
    this.withName(`${name}-node`)
      .withHostname(`${name}-node`)
      .withLabels({ [madeBy]: 'up', 'hamlet.coop/cluster': name })
      .withTmpFs({ '/run': 'rw' })
      .withBindMounts([{ source: `${name}-node`, target: options.dataPath, mode: 'rw' }])
      .withWaitStrategy(Wait.forLogMessage(options.ready))
      .withStartupTimeout(240_000)
      .withAutoCleanup(false)
      .withAutoRemove(false)
    if (options.command) this.withCommand([...options.command])
    const publish = (port: number) => [{ HostIp: '127.0.0.1', HostPort: String(port) }]
    const bindings = {
      '6443/tcp': publish(ports.api),
      '443/tcp': publish(ports.https),
      '80/tcp': publish(ports.http),
    }
    this.createOpts.ExposedPorts = { '6443/tcp': {}, '443/tcp': {}, '80/tcp': {} }
    Object.assign(this.hostConfig, { PortBindings: bindings, CgroupnsMode: 'private' })
    if (privileges === 'privileged') this.withPrivilegedMode()
    else this.withEveryCapabilityButOne()
  }

  // Some sandboxes withhold CAP_SYS_RESOURCE, and then `--privileged` fails; the rest is enough for a node.
  private withEveryCapabilityButOne(): void {
    this.withAddedCapabilities(...capabilities)
      .withSecurityOpt('seccomp=unconfined', 'apparmor=unconfined')
      .hostConfig.Binds?.push('/sys:/sys:rw')
    Object.assign(this.hostConfig, { MaskedPaths: [], ReadonlyPaths: [], DeviceCgroupRules: ['a *:* rwm'] })
  }
}

const capabilities = [
  'AUDIT_CONTROL AUDIT_WRITE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE',
  'LINUX_IMMUTABLE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_ADMIN',
  'SYS_BOOT SYS_CHROOT SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_TIME SYS_TTY_CONFIG SYSLOG',
].flatMap((line) => line.split(' '))
