// An SMSC to test against, made with npm `smpp`.
//   node smsc.js PORT [--delay MS] [--receipts] [--rate N] [--ledger FILE] [--password P]
//     [--cert FILE --key FILE [--ca FILE]]      over TLS; with --ca, clients need a certificate
// Every accepted message is a line in the ledger before its answer leaves.
const fs = require('fs');
const smpp = require(process.env.SMPP_MODULE || 'smpp');
const args = process.argv.slice(2);
const option = (name, otherwise) => {
  const at = args.indexOf('--' + name);
  return at < 0 ? otherwise : args[at + 1];
};
const has = (name) => args.includes('--' + name);
const delay = Number(option('delay', 0));
const rate = Number(option('rate', 0));
const password = option('password');
const ledger = option('ledger') ? fs.openSync(option('ledger'), 'a') : null;
const lately = [];
let accepted = 0;

const tls = option('cert') ? {
  cert: fs.readFileSync(option('cert')), key: fs.readFileSync(option('key')),
  ...(option('ca') && { ca: fs.readFileSync(option('ca')), requestCert: true, rejectUnauthorized: true }),
} : {};

// More than `rate` accepted within the last second?
function isTooMuch() {
  const now = Date.now();
  while (lately.length && lately[0] <= now - 1000) lately.shift();
  if (lately.length >= rate) return true;
  lately.push(now);
  return false;
}

const server = smpp.createServer(tls, (session) => {
  session.on('error', () => session.destroy());
  const ok = (pdu) => session.send(pdu.response());
  for (const kind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver'])
    session.on(kind, (pdu) =>
      password && pdu.password !== password
        ? session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }))
        : ok(pdu));
  session.on('enquire_link', ok);
  session.on('unbind', (pdu) => { ok(pdu); session.close(); });
  session.on('submit_sm', (pdu) => {
    if (rate && isTooMuch())
      return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    accepted += 1;
    const id = 'm' + process.pid + '-' + accepted;
    if (ledger !== null) {
      const message = pdu.message_payload || pdu.short_message || {};
      const udh = message.udh || [];
      fs.writeSync(ledger, JSON.stringify({
        id, to: pdu.destination_addr, from: pdu.source_addr, text: String(message.message || ''),
        esm_class: pdu.esm_class, data_coding: pdu.data_coding,
        udh: udh.length ? Buffer.concat(udh).toString('hex') : null,
        sar: pdu.sar_msg_ref_num === undefined ? null
          : [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
        payload: Boolean(pdu.message_payload),
        ton: [pdu.source_addr_ton, pdu.source_addr_npi, pdu.dest_addr_ton, pdu.dest_addr_npi],
        registered_delivery: pdu.registered_delivery, validity: String(pdu.validity_period || ''),
      }) + '\n');
    }
    const answer = () => {
      session.send(pdu.response({ message_id: id }));
      if (has('receipts')) session.deliver_sm({
        source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
        short_message: `id:${id} sub:001 dlvrd:001 submit date:2611230300 ` +
          'done date:2611230300 stat:DELIVRD err:000 text:',
      });
    };
    return delay ? setTimeout(answer, delay) : answer();
  });
});
server.listen(Number(args[0]), '127.0.0.1', () => console.log('ready'));
setTimeout(() => process.exit(0), Number(option('lifetime', 900)) * 1000);
process.on('SIGTERM', () => process.exit(0));
