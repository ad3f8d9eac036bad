// node index.mjs ADDRESS FOLDER default|careful: every picture of a folder, by the bulk helper of @elastic/elasticsearch.
import { Client } from '@elastic/elasticsearch'
import { readdir, readFile } from 'node:fs/promises'

const [address, folder, how] = process.argv.slice(2)
const careful = { retries: 10, wait: 2000, concurrency: 2, flushBytes: 4_000_000 }
const client = new Client({ node: address, requestTimeout: 120_000 })

async function * documents () {
  for (const name of await readdir(folder)) {
    yield { id: name, image: { data: (await readFile(`${folder}/${name}`)).toString('base64') } }
  }
}

let dropped = 0
await client.helpers.bulk({
  datasource: documents(),
  onDocument: ({ id }) => ({ index: { _index: `javascript-${how}`, _id: id } }),
  onDrop: () => { dropped++ },
  ...(how === 'careful' ? careful : {})
})
console.log(dropped)
