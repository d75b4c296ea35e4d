import type { DoctorTexts } from './texts.ts'

export const english: DoctorTexts = {
  checks: {
    program: 'program',
    settings: 'settings',
    clock: 'clock',
    folder: 'data folder',
    journal: 'journal',
    disk: 'disk',
    ports: 'ports',
    ledger: 'ledger',
    terminal: 'this till',
    pcsc: 'PC/SC',
    modules: 'kernel',
    reader: 'card reader',
    card: 'card',
    printer: 'printer',
    serial: 'cables',
    hid: 'HID devices',
  },
  levels: { ok: 'ok', warning: 'WARNING', fault: 'FAULT' },
  findings: {
    'node-ok': ['Node {node}, Electron {electron}.'],
    'node-other': [
      'Node {node}; this version was tried with {wanted}. Electron {electron}.',
      'Run it by npm (npm run …), which takes the right Node.',
    ],
    'node-old': [
      'Node {node} is too old, {wanted} is wanted.',
      'Run it by npm (npm run …): npm ci brings the right Node.',
    ],
    'settings-none': ['There is no settings.json of a packaged till here.'],
    'settings-ok': ['{file} is read.'],
    'settings-missing': ['{file} is not there.', 'Name the file of the till that is meant: --settings FILE.'],
    'settings-unreadable': [
      '{file} cannot be read ({detail}).',
      'Give it to the till’s user: sudo chown "$USER" "{file}".',
    ],
    'settings-malformed': ['{file} does not fit: {detail}.', 'Correct what is named there, then start the till again.'],
    'clock-ok': ['{at} UTC.'],
    'clock-impossible': [
      'The clock says {year}: {at} UTC.',
      'Set date and time, and let the system keep them: sudo timedatectl set-ntp true. A machine that ' +
        'forgets them when it is off needs a new battery.',
    ],
    'clock-differs': [
      '{at} UTC, {minutes} minutes from the ledger’s time (minus: behind).',
      'Let the system keep the time: sudo timedatectl set-ntp true. The till sells meanwhile by the ledger’s time.',
    ],
    'folder-none': ['No till is set up here ({data}).'],
    'folder-free': ['{data}, no till runs on it.'],
    'folder-in-use': ['{data}; a till runs on it (process {pid}).'],
    'folder-not-one': ['{data} is no folder.', 'Name the till’s data folder: --data FOLDER.'],
    'folder-no-rights': [
      '{data} cannot be read and written by you; it is {owner}’s.',
      'Run this as the till’s user, or give the folder back: sudo chown -R "$USER" "{data}".',
    ],
    'folder-open': ['Others may read {data} (rights {mode}).', 'chmod 700 "{data}": the till’s keys lie in it.'],
    'journal-none': ['None yet.'],
    'journal-ok': ['{rows} rows; {waiting} items wait for the ledger, {unresolved} payments are open.'],
    'journal-waits': [
      '{rows} rows; {waiting} items wait, for up to {days} days, {parked} of them parked; {unresolved} payments open.',
      'Bring the till to the network; "Send now" on its screen tries parked items again. If they stay: a ' +
        'support bundle.',
    ],
    'journal-fault': [
      'The journal cannot be used: {code}.',
      'Delete nothing: unsynced sales may be in it. Copy the whole folder away and hand it to support.',
    ],
    'disk-ok': ['{megabytes} MB free.'],
    'disk-unknown': ['The system does not say how much is free.'],
    'disk-low': ['Only {megabytes} MB free.', 'Make room: at 20 MB the till can stop selling.'],
    'disk-full': ['The disk is full: {megabytes} MB free.', 'Make room. Nothing is lost; the till goes on by itself.'],
    'disk-remote': [
      'The data folder lies on a network or foreign file system.',
      'Move it to this machine’s own disk: a network disk may forget what it said it had written.',
    ],
    'disk-in-memory': [
      'The data folder lies in memory and is gone when the machine is switched off.',
      'Never for real sales: move it to a disk.',
    ],
    'ports-ok': ['127.0.0.1 can be used; asked for: {ports}.'],
    'port-taken': [
      'Port {port} is taken ({code}).',
      'Choose another --port, or end what has it: ss -ltnp "sport = :{port}".',
    ],
    'loopback-fault': [
      'Nothing can be offered on 127.0.0.1 ({code}).',
      'Look at the firewall and at "ip addr show lo": the parts of the till speak to each other there.',
    ],
    'ledger-not-named': ['No address is known here: --ledger URL asks it.'],
    'ledger-ok': ['{url} answers, with the signature this till was enrolled with.'],
    'ledger-unproved': ['{url} answers and signs. No till is enrolled here to compare its key with.'],
    'ledger-address': [
      'There is no such address: {url} ({code}).',
      'Correct ledgerUrl; if it is right, this machine has no DNS.',
    ],
    'ledger-unreachable': [
      '{url} cannot be reached ({code}).',
      'Look at cable or Wi-Fi, then at firewall and proxy. ECONNREFUSED: the machine is there, the ledger does ' +
        'not run.',
    ],
    'ledger-silent': [
      '{url} takes the connection and does not answer.',
      'Try again in a minute, then tell who runs the ledger.',
    ],
    'ledger-not-ours': [
      'What answers at {url} is not the ledger this till was enrolled with.',
      'Look at the address. A guest Wi-Fi that wants a sign-in answers like this: sign in, or take another network.',
    ],
    'terminal-none': ['Not enrolled.'],
    'terminal-damaged': [
      'Its keys or its enrolment are missing or damaged, or you may not read them: no till starts on them.',
      'As the till’s user, else: restore terminal-keys.json and enrolment.json from a backup. Delete nothing: ' +
        'unsynced sales may be in the folder. To sell meanwhile, take another data folder.',
    ],
    'terminal-not-asked': ['Enrolled; the ledger was not asked (not reached, or the keys are sealed to the TPM).'],
    'terminal-no-answer': [
      'Enrolled; the ledger answers, but not to the question how it stands with this till.',
      'Run it again in a minute; if it stays, tell who runs the ledger.',
    ],
    'terminal-active': ['The ledger knows it, and it may sell.'],
    'terminal-suspended': [
      'The ledger has suspended it: it sells nothing.',
      'Ask the agency or bank that runs it why.',
    ],
    'terminal-unknown': [
      'The ledger does not know its key.',
      'It was revoked, or its data folder was brought back from an old copy. Export what is unsynced: ' +
        'npm run till -- export --data "{data}" --out FILE.tolem-export; then have it enrolled anew.',
    ],
    'terminal-restarted': [
      'The ledger was restarted, and before that it had heard a later time from it.',
      'Wait four minutes and look again. If it stays, call whoever runs the ledger: its clock is wrong.',
    ],
    'terminal-fault': ['The ledger refuses its questions: {code}.', 'Make a support bundle and hand it over.'],
    'pcsc-ok': ['The service answers; readers: {readers}.'],
    'pcsc-not-needed': ['Not to be used here ({code}), and no reader is plugged in. Virtual cards need none.'],
    'pcsc-missing': [
      'pcscd is not installed.',
      'sudo apt-get install pcscd libccid && sudo systemctl start pcscd.socket',
    ],
    'pcsc-not-running': [
      'The service does not run ({code}).',
      'Linux: sudo systemctl enable --now pcscd.socket. Windows: start the service "Smart Card" (SCardSvr).',
    ],
    'pcsc-no-rights': [
      '{socket} does not let you in.',
      'Log in at the machine itself, or allow your user org.debian.pcsc-lite.access_pcsc and ' +
        'org.debian.pcsc-lite.access_card by a polkit rule (docs/field-tester.md).',
    ],
    'pcsc-refuses': [
      'The service runs and refuses us: {code}.',
      'Over ssh polkit says no: log in at the machine itself, or allow your user ' +
        'org.debian.pcsc-lite.access_pcsc and ' +
        'org.debian.pcsc-lite.access_card by a polkit rule (docs/field-tester.md). Else: ' +
        'sudo systemctl ' +
        'restart pcscd.',
    ],
    'pcsc-unusable': [
      'PC/SC cannot be used by this program: {why}.',
      'Debian, Ubuntu: sudo apt-get install libpcsclite1 pcscd. Else this platform has no prebuilt binding.',
    ],
    'pcsc-silent': [
      'The service does not answer; a reader or card may hang in it.',
      'Lift the card, pull the reader, sudo systemctl restart pcscd, plug the reader in again.',
    ],
    'modules-ok': ['No NFC module is in the way.'],
    'modules-loaded': [
      'Modules that take PN53x readers for themselves are loaded: {modules}.',
      'sudo modprobe -r {modules}; for good: lines "blacklist pn533_usb", "blacklist pn533", "blacklist nfc" in ' +
        '/etc/modprobe.d/blacklist-nfc.conf.',
    ],
    'modules-grab': [
      'The kernel’s own NFC modules hold {reader}, so pcscd cannot: {modules}.',
      'sudo modprobe -r {modules}; for good: lines "blacklist pn533_usb", "blacklist pn533", "blacklist nfc" in ' +
        '/etc/modprobe.d/blacklist-nfc.conf. Then pull the reader and plug it in again.',
    ],
    'reader-none': ['None is plugged in. Virtual cards need none.'],
    'reader-wanted': [
      'The settings want one, and none is plugged in.',
      'Plug it in; no restart is needed. Try another cable or port.',
    ],
    'reader-no-driver': [
      '{reader} is plugged in, and PC/SC has no driver for it.',
      'sudo apt-get install libccid, then plug it in again.',
    ],
    'reader-no-rights': [
      '{reader}: pcscd runs as {user} and may not open {path}, which is {owner}’s.',
      'Its udev rule is missing: sudo apt-get install --reinstall libccid, sudo udevadm control --reload, plug ' +
        'it in again.',
    ],
    'reader-unseen': [
      '{reader} is plugged in, and PC/SC does not show it.',
      'Plug it in again, without a hub; sudo systemctl restart pcscd; then pcsc_scan (package pcsc-tools) must ' +
        'list it.',
    ],
    'reader-acr122u': ['{reader}. Known: short commands only; beeps by itself; up to a second late without a card.'],
    'reader-escape-off': [
      '{reader}: its driver takes no commands without a card, so the till neither sees nor sets how ' +
        'often it looks for cards, and it beeps at the first card after it was plugged in.',
      'In {file}, ifdDriverOptions: {wanted} for {found}; then sudo systemctl restart pcscd. Any ' +
        'program may then tell readers anything: leave it off on a machine that others use.',
    ],
    'reader-omnikey': ['{reader}. Known: an NTAG21x is shown as an unknown card by it.'],
    'reader-virtual': ['{reader}: virtual, of vpcd.'],
    'reader-unknown': [
      '{reader}: works by PC/SC, and nobody has tried it with this till.',
      'Try a tap, a pulled card, a pulled cable (docs/field-tester.md), and tell us how it went.',
    ],
    'card-none': ['None lies there.'],
    'card-there': ['One lies on {reader}.'],
    'card-of-till': ['One lies on {reader}; the running till uses it.'],
    'card-shared': [
      'Another program uses the card on {reader}; seen running: {programs}.',
      'Close it before a payment: it can reset the card in the middle.',
    ],
    'card-in-use': [
      'Another program keeps the card on {reader} for itself; seen running: {programs}.',
      'Close it. scdaemon: gpgconf --kill scdaemon. Also NCALayer and browsers with OpenSC.',
    ],
    'card-mute': ['The card on {reader} does not answer.', 'Lay it flat and alone, away from metal; turn it round.'],
    'printer-not-named': ['None is named here: --printer ADDRESS asks it.'],
    'printer-with-till': ['{printer}: the running till holds it; look at the till’s light.'],
    'printer-ok': ['{printer} answers and is ready.'],
    'printer-mute': [
      '{printer} is there; it tells nothing of itself.',
      'Print the test page and look: npm run till -- test-page --profile {profile} --printer {address}',
    ],
    'printer-paper-low': ['{printer}: the paper is nearly out.', 'Have a new roll ready.'],
    'printer-address': [
      'There is no such address: {printer} ({code}).',
      'Switch the printer off, hold its feed button while switching it on: its self-test prints the address.',
    ],
    'printer-refuses': [
      '{printer} is there and takes no connection.',
      'Is this the printer’s address, and is the port right (9100)? Its self-test prints both.',
    ],
    'printer-unreachable': [
      '{printer} does not answer ({code}).',
      'Is it switched on, is its cable in? Has it got another address? Its self-test prints it. Same network as ' +
        'this machine?',
    ],
    'printer-gone': [
      '{printer} is not there.',
      'Plug the cable in, switch it on. ls /dev/usb /dev/serial/by-id shows what is.',
    ],
    'printer-no-access': [
      'You may not open {printer}.',
      'sudo usermod -aG lp,dialout "$USER", then log out and in again.',
    ],
    'printer-in-use': ['Another program has {printer}.', 'Often CUPS: remove the printer there. Or a second till.'],
    'printer-not-a-device': [
      '{printer} is no printer’s device.',
      'A serial port is /dev/ttyUSB0, a USB printer /dev/usb/lp0.',
    ],
    'printer-silent': [
      '{printer} takes the line and does not answer.',
      'Is another program using it? Baud rate and handshake as in its self-test? One that never answers: ' +
        '"status":"none".',
    ],
    'printer-paper-out': ['{printer}: no paper.', 'Put a roll in. What waits is printed by itself.'],
    'printer-cover-open': ['{printer}: the cover is open.', 'Close it.'],
    'printer-cutter-error': ['{printer}: the cutter is stuck.', 'Switch it off, free the cutter, switch it on.'],
    'printer-error': ['{printer} reports a fault.', 'Switch it off and on; let a hot head cool.'],
    'printer-busy': ['{printer} is busy or off line.', 'Press its feed or on-line button, or wait.'],
    'serial-none': ['No serial adapter or USB printer is plugged in.'],
    'serial-ok': ['You may open {paths}.'],
    'serial-no-rights': [
      '{path} is the group {group}’s, and you are not in it.',
      'sudo usermod -aG {group} "$USER", then log out and in again.',
    ],
    'serial-log-in-again': [
      'You are in the group {group} of {path}, but not in this session.',
      'Log out and in again.',
    ],
    'serial-grabbed': [
      '{program} runs; it takes hold of new serial ports.',
      'sudo systemctl mask --now {units}, if no modem and no Braille display is used here.',
    ],
    'serial-taken': [
      '{adapter} is plugged in and has no serial port: brltty, which serves Braille displays, has taken it.',
      'Where no Braille display is used: sudo systemctl mask --now brltty.service brltty-udev.service, or ' +
        'sudo apt-get remove brltty; then the cable out and in.',
    ],
    'hid-none': ['None that needs a driver. A scanner that types like a keyboard needs none.'],
    'hid-ok': ['You may open {paths}.'],
    'hid-no-rights': [
      'You may not open {path} ({owner}).',
      'One line in /etc/udev/rules.d/70-tolem-hid.rules: {rule} ' +
        'Then sudo udevadm control --reload && sudo udevadm trigger, and the cable out and in. uaccess ' +
        'is whoever sits at the screen; else GROUP and MODE as in docs/field-tester.md.',
    ],
    'check-late': ['This was not answered within {seconds} s.', 'Run it again; if it stays, something hangs there.'],
    'check-broken': ['This could not be looked at: {why}.', 'Send us this line.'],
  },
  end: {
    ok: 'Nothing is wrong.',
    warning: 'Nothing is broken; to be looked at: {warnings}.',
    fault: 'Faults: {faults}, to be looked at besides: {warnings}. Begin with the first fault.',
  },
}
