// One plan, in a thread that ends with it.
import { parentPort, workerData } from 'node:worker_threads'
import { makePlan } from '../../decide/rebalance/plan/plan.ts'

parentPort?.postMessage(makePlan(...(workerData as Parameters<typeof makePlan>)))
