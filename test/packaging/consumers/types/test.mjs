// Our declarations, checked in full (no skipLibCheck), by both compilers in every resolution.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const resolutions = {
  node16: { module: 'node16' },
  nodenext: { module: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
}
let failed = 0
for (const compiler of ['typescript-5', 'typescript-7']) {
  const { bin } = JSON.parse(readFileSync(`node_modules/${compiler}/package.json`, 'utf8'))
  for (const [name, options] of Object.entries(resolutions)) {
    for (const exactOptionalPropertyTypes of [false, true]) {
      const compilerOptions = {
        ...options,
        target: 'es2022',
        lib: ['es2023', 'esnext.disposable'],
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes,
        experimentalDecorators: true,
        skipLibCheck: false,
        noEmit: true,
      }
      writeFileSync('tsconfig.json', JSON.stringify({ compilerOptions, include: ['main.ts'] }))
      const what = `${compiler} ${name}${exactOptionalPropertyTypes ? ' exactOptionalPropertyTypes' : ''}`
      try {
        execFileSync(process.execPath, [`node_modules/${compiler}/${bin.tsc}`, '-p', '.'], { encoding: 'utf8' })
        console.log(`ok ${what}`)
      } catch (error) {
        failed++
        console.log(`not ok ${what}\n${error.stdout}`)
      }
    }
  }
}
process.exit(failed === 0 ? 0 : 1)
