// Reads an update (hex, from stdin) with @pythnetwork/price-service-sdk and prints what it found as JSON.
const { readFileSync } = require('node:fs')
const { createRequire } = require('node:module')

const sdk = createRequire(process.argv[2])('@pythnetwork/price-service-sdk')
const update = sdk.parseAccumulatorUpdateData(Buffer.from(readFileSync(0, 'utf8'), 'hex'))
const messages = update.updates.map(({ message, proof }) => {
  const price = sdk.parsePriceFeedMessage(message)
  return {
    feedId: price.feedId.toString('hex'),
    price: price.price.toString(),
    confidence: price.confidence.toString(),
    exponent: price.exponent,
    publishTime: price.publishTime.toString(),
    prevPublishTime: price.prevPublishTime.toString(),
    emaPrice: price.emaPrice.toString(),
    emaConf: price.emaConf.toString(),
    proof: proof.map((node) => Buffer.from(node).toString('hex')),
  }
})
process.stdout.write(JSON.stringify({ vaa: update.vaa.toString('hex'), messages }))
