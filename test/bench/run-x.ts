import { register } from 'tsx/esm/api'
register()
const { bench } = await import('./move-x.ts')
for (const f of await bench.run((l: string) => console.log('   ' + l))) console.log(f.what, f.value, f.unit, f.how)
