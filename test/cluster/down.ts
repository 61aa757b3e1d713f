// npm run down: removes what `npm run up` made, and nothing else.
import { rm } from 'node:fs/promises'
import { cacheFolder } from './build/cache.ts'
import { saying } from './build/say.ts'
import { own } from './cluster.ts'
import { clearContext } from './install/clear-context.ts'
import { stopCluster } from './kinds/start.ts'
import { readNotes } from './notes.ts'

try {
  const notes = await readNotes(own.folder)
  if (notes?.context !== undefined) {
    await saying(`Removing Hamlet from context ${notes.context}`, () => clearContext(own.folder))
    await rm(own.folder, { recursive: true, force: true })
  } else {
    await saying('Removing the cluster', () => stopCluster())
  }
  console.log(`Removed. Kept for the next time: images in the container engine and ${cacheFolder}`)
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
