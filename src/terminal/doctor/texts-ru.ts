import type { DoctorTexts } from './texts.ts'

export const russian: DoctorTexts = {
  checks: {
    program: 'программа',
    settings: 'настройки',
    clock: 'часы',
    folder: 'папка данных',
    journal: 'журнал',
    disk: 'диск',
    ports: 'порты',
    ledger: 'реестр',
    terminal: 'эта касса',
    pcsc: 'PC/SC',
    modules: 'ядро',
    reader: 'считыватель',
    card: 'карта',
    printer: 'принтер',
    serial: 'кабели',
    hid: 'HID',
  },
  levels: { ok: 'в порядке', warning: 'ВНИМАНИЕ', fault: 'ОШИБКА' },
  findings: {
    'node-ok': ['Node {node}, Electron {electron}.'],
    'node-other': [
      'Node {node}; эта версия проверена с {wanted}. Electron {electron}.',
      'Запускайте через npm (npm run …): он берёт нужный Node.',
    ],
    'node-old': [
      'Node {node} слишком старый, нужен {wanted}.',
      'Запускайте через npm (npm run …): npm ci ставит нужный Node.',
    ],
    'settings-none': ['Файла settings.json установленной кассы здесь нет.'],
    'settings-ok': ['{file} прочитан.'],
    'settings-missing': ['Файла {file} нет.', 'Назовите файл нужной кассы: --settings ФАЙЛ.'],
    'settings-unreadable': [
      '{file} не читается ({detail}).',
      'Отдайте его пользователю кассы: sudo chown "$USER" "{file}".',
    ],
    'settings-malformed': ['{file} не подходит: {detail}.', 'Исправьте названное и запустите кассу снова.'],
    'clock-ok': ['{at} UTC.'],
    'clock-impossible': [
      'На часах {year} год: {at} UTC.',
      'Поставьте дату и время и включите их сверку: sudo timedatectl set-ntp true. Если они сбиваются при ' +
        'выключении, замените батарейку на плате.',
    ],
    'clock-differs': [
      '{at} UTC, разница с реестром {minutes} мин (минус: часы отстают).',
      'Включите сверку времени: sudo timedatectl set-ntp true. Касса пока продаёт по времени реестра.',
    ],
    'folder-none': ['Касса здесь не установлена ({data}).'],
    'folder-free': ['{data}, касса на ней не запущена.'],
    'folder-in-use': ['{data}; на ней работает касса (процесс {pid}).'],
    'folder-not-one': ['{data} не папка.', 'Назовите папку данных кассы: --data ПАПКА.'],
    'folder-no-rights': [
      'Вам нельзя читать и писать {data}; владелец {owner}.',
      'Запустите от имени пользователя кассы или верните папку: sudo chown -R "$USER" "{data}".',
    ],
    'folder-open': ['{data} могут читать другие (права {mode}).', 'chmod 700 "{data}": в ней лежат ключи кассы.'],
    'journal-none': ['Его ещё нет.'],
    'journal-ok': ['Записей {rows}; ждут реестра {waiting}, открытых оплат {unresolved}.'],
    'journal-waits': [
      'Записей {rows}; ждут {waiting}, до {days} дн., из них отложено {parked}; открытых оплат {unresolved}.',
      'Подключите кассу к сети; «Отправить сейчас» на её экране пробует отложенное снова. Не уходит: пакет для ' +
        'поддержки.',
    ],
    'journal-fault': [
      'Журналом нельзя пользоваться: {code}.',
      'Ничего не удаляйте: там могут быть неотправленные продажи. Скопируйте всю папку и передайте поддержке.',
    ],
    'disk-ok': ['Свободно {megabytes} МБ.'],
    'disk-unknown': ['Система не сообщает, сколько места свободно.'],
    'disk-low': ['Свободно только {megabytes} МБ.', 'Освободите место: при 20 МБ касса может перестать продавать.'],
    'disk-full': [
      'Диск полон: свободно {megabytes} МБ.',
      'Освободите место. Ничего не потеряно, касса продолжит сама.',
    ],
    'disk-remote': [
      'Папка данных лежит на сетевой или чужой файловой системе.',
      'Перенесите её на диск этой машины: сетевой диск может забыть то, что обещал записать.',
    ],
    'disk-in-memory': [
      'Папка данных лежит в памяти и пропадёт при выключении.',
      'Для настоящих продаж так нельзя: перенесите её на диск.',
    ],
    'ports-ok': ['127.0.0.1 доступен; проверены: {ports}.'],
    'port-taken': [
      'Порт {port} занят ({code}).',
      'Возьмите другой --port или завершите программу, которая его заняла: ss -ltnp "sport = :{port}".',
    ],
    'loopback-fault': [
      'На 127.0.0.1 ничего нельзя открыть ({code}).',
      'Проверьте межсетевой экран и «ip addr show lo»: части кассы говорят друг с другом там.',
    ],
    'ledger-not-named': ['Адрес здесь не известен; спросить: --ledger URL.'],
    'ledger-ok': ['{url} отвечает, подпись та же, что при регистрации кассы.'],
    'ledger-unproved': ['{url} отвечает и подписывает. Кассы, с ключом которой это сравнить, здесь нет.'],
    'ledger-address': [
      'Такого адреса нет: {url} ({code}).',
      'Исправьте ledgerUrl; если он верен, у этой машины нет DNS.',
    ],
    'ledger-unreachable': [
      '{url} недоступен ({code}).',
      'Проверьте кабель или Wi-Fi, затем межсетевой экран и прокси. ECONNREFUSED: машина есть, реестр на ней не ' +
        'запущен.',
    ],
    'ledger-silent': [
      '{url} принимает соединение и молчит.',
      'Повторите через минуту, затем скажите тем, кто ведёт реестр.',
    ],
    'ledger-not-ours': [
      'На {url} отвечает не тот реестр, в котором зарегистрирована касса.',
      'Проверьте адрес. Так отвечает и гостевой Wi-Fi, который ждёт входа: войдите или возьмите другую сеть.',
    ],
    'terminal-none': ['Не зарегистрирована.'],
    'terminal-damaged': [
      'Ключи или регистрация кассы отсутствуют, повреждены или вам недоступны: касса с ними не запустится.',
      'Запустите от имени пользователя кассы; не помогло: восстановите terminal-keys.json и enrolment.json из копии. ' +
        'Ничего не удаляйте: там могут быть неотправленные продажи. Чтобы пока продавать, возьмите ' +
        'другую папку данных.',
    ],
    'terminal-not-asked': ['Зарегистрирована; реестр не спрошен (недоступен, или ключи запечатаны в TPM).'],
    'terminal-no-answer': [
      'Зарегистрирована; реестр отвечает, но на вопрос об этой кассе ответа нет.',
      'Повторите через минуту; если повторится, скажите тем, кто ведёт реестр.',
    ],
    'terminal-active': ['Реестр её знает, продавать можно.'],
    'terminal-suspended': ['Реестр её приостановил: она не продаёт.', 'Спросите причину у ведомства или банка.'],
    'terminal-unknown': [
      'Реестр не знает её ключа.',
      'Её отозвали, или папка данных восстановлена из старой копии. Выгрузите неотправленное: ' +
        'npm run till -- export --data "{data}" --out ФАЙЛ.tolem-export; затем зарегистрируйте кассу заново.',
    ],
    'terminal-fault': ['Реестр отклоняет её запросы: {code}.', 'Сделайте пакет для поддержки и передайте его.'],
    'pcsc-ok': ['Служба отвечает; считывателей: {readers}.'],
    'pcsc-not-needed': ['Здесь не работает ({code}), и считыватель не подключён. Виртуальным картам он не нужен.'],
    'pcsc-missing': ['pcscd не установлен.', 'sudo apt-get install pcscd libccid && sudo systemctl start pcscd.socket'],
    'pcsc-not-running': [
      'Служба не запущена ({code}).',
      'Linux: sudo systemctl enable --now pcscd.socket. Windows: запустите службу «Смарт-карта» (SCardSvr).',
    ],
    'pcsc-no-rights': [
      '{socket} вас не пускает.',
      'Войдите за самой машиной или разрешите пользователю правилом polkit (docs/field-tester.md) ' +
        'org.debian.pcsc-lite.access_pcsc и org.debian.pcsc-lite.access_card.',
    ],
    'pcsc-refuses': [
      'Служба работает и отказывает: {code}.',
      'По ssh не пускает polkit: войдите за самой машиной или разрешите правилом polkit (docs/field-tester.md) ' +
        'org.debian.pcsc-lite.access_pcsc и org.debian.pcsc-lite.access_card. Иначе: sudo ' +
        'systemctl restart ' +
        'pcscd.',
    ],
    'pcsc-unusable': [
      'Программа не может работать с PC/SC: {why}.',
      'Debian, Ubuntu: sudo apt-get install libpcsclite1 pcscd. Иначе для этой платформы нет готовой сборки.',
    ],
    'pcsc-silent': [
      'Служба молчит; в ней может висеть считыватель или карта.',
      'Снимите карту, выньте считыватель, sudo systemctl restart pcscd, подключите считыватель снова.',
    ],
    'modules-ok': ['Модули NFC не мешают.'],
    'modules-loaded': [
      'Загружены модули, которые забирают считыватели PN53x себе: {modules}.',
      'sudo modprobe -r {modules}; навсегда: строки «blacklist pn533_usb», «blacklist pn533», «blacklist nfc» в ' +
        '/etc/modprobe.d/blacklist-nfc.conf.',
    ],
    'modules-grab': [
      'Модули NFC самого ядра держат {reader}, и pcscd его не получит: {modules}.',
      'sudo modprobe -r {modules}; навсегда: строки «blacklist pn533_usb», «blacklist pn533», «blacklist nfc» в ' +
        '/etc/modprobe.d/blacklist-nfc.conf. Потом выньте считыватель и вставьте снова.',
    ],
    'reader-none': ['Не подключён. Виртуальным картам он не нужен.'],
    'reader-wanted': [
      'По настройкам он нужен, и его нет.',
      'Подключите, перезапуск не нужен. Попробуйте другой кабель или разъём.',
    ],
    'reader-no-driver': [
      '{reader} подключён, драйвера для него у PC/SC нет.',
      'sudo apt-get install libccid, затем подключите снова.',
    ],
    'reader-no-rights': [
      '{reader}: pcscd работает как {user} и не может открыть {path} (владелец {owner}).',
      'Нет правила udev: sudo apt-get install --reinstall libccid, sudo udevadm control --reload, подключите снова.',
    ],
    'reader-unseen': [
      '{reader} подключён, но PC/SC его не показывает.',
      'Подключите снова без разветвителя; sudo systemctl restart pcscd; pcsc_scan (пакет pcsc-tools) должен его ' +
        'видеть.',
    ],
    'reader-acr122u': ['{reader}. Известно: только короткие команды; пищит сам; без карты отвечает до секунды.'],
    'reader-omnikey': ['{reader}. Известно: NTAG21x через него видна как незнакомая карта.'],
    'reader-virtual': ['{reader}: виртуальный, из vpcd.'],
    'reader-unknown': [
      '{reader}: работает по PC/SC, но с этой кассой его никто не пробовал.',
      'Проверьте оплату, снятую карту, вынутый кабель (docs/field-tester.md) и расскажите нам.',
    ],
    'card-none': ['Карты нет.'],
    'card-there': ['Лежит на {reader}.'],
    'card-of-till': ['Лежит на {reader}; с ней работает касса.'],
    'card-shared': [
      'С картой на {reader} работает другая программа; запущены: {programs}.',
      'Закройте её до оплаты: она может сбросить карту на полпути.',
    ],
    'card-in-use': [
      'Карту на {reader} держит другая программа; запущены: {programs}.',
      'Закройте её. scdaemon: gpgconf --kill scdaemon. Также NCALayer и браузеры с OpenSC.',
    ],
    'card-mute': ['Карта на {reader} не отвечает.', 'Положите её ровно, одну, не на металл; переверните.'],
    'printer-not-named': ['Не назван; спросить: --printer АДРЕС.'],
    'printer-with-till': ['{printer}: его держит работающая касса; смотрите её индикатор.'],
    'printer-ok': ['{printer} отвечает и готов.'],
    'printer-mute': [
      '{printer} на месте; о себе он не сообщает.',
      'Напечатайте пробную страницу: npm run till -- test-page --profile {profile} --printer {address}',
    ],
    'printer-paper-low': ['{printer}: бумага кончается.', 'Приготовьте новый рулон.'],
    'printer-address': [
      'Такого адреса нет: {printer} ({code}).',
      'Выключите принтер и включите, держа кнопку протяжки: самотест напечатает адрес.',
    ],
    'printer-refuses': [
      '{printer} есть, но соединения не принимает.',
      'Это адрес принтера, и порт верный (9100)? Самотест печатает и то и другое.',
    ],
    'printer-unreachable': [
      '{printer} не отвечает ({code}).',
      'Включён ли он, вставлен ли кабель? Не сменился ли адрес (его печатает самотест)? Та же ли сеть?',
    ],
    'printer-gone': [
      '{printer} нет на месте.',
      'Вставьте кабель, включите. ls /dev/usb /dev/serial/by-id показывает, что есть.',
    ],
    'printer-no-access': [
      'Вам нельзя открыть {printer}.',
      'sudo usermod -aG lp,dialout "$USER", затем выйдите и войдите снова.',
    ],
    'printer-in-use': ['{printer} занят другой программой.', 'Часто это CUPS: удалите принтер там. Или вторая касса.'],
    'printer-not-a-device': [
      '{printer} не устройство принтера.',
      'Последовательный порт: /dev/ttyUSB0, принтер USB: /dev/usb/lp0.',
    ],
    'printer-silent': [
      '{printer} принимает соединение и молчит.',
      'Не занят ли он другой программой? Скорость и управление потоком как в самотесте? Не отвечает никогда: ' +
        '"status":"none".',
    ],
    'printer-paper-out': ['{printer}: нет бумаги.', 'Вставьте рулон. То, что ждёт, напечатается само.'],
    'printer-cover-open': ['{printer}: открыта крышка.', 'Закройте её.'],
    'printer-cutter-error': ['{printer}: заклинил резак.', 'Выключите, освободите резак, включите.'],
    'printer-error': ['{printer} сообщает о неисправности.', 'Выключите и включите; дайте остыть головке.'],
    'printer-busy': ['{printer} занят или не на связи.', 'Нажмите кнопку протяжки или on-line, или подождите.'],
    'serial-none': ['Переходник или принтер USB не подключён.'],
    'serial-ok': ['Вам можно открыть {paths}.'],
    'serial-no-rights': [
      '{path} принадлежит группе {group}, вас в ней нет.',
      'sudo usermod -aG {group} "$USER", затем выйдите и войдите снова.',
    ],
    'serial-log-in-again': ['Вы в группе {group} для {path}, но не в этом сеансе.', 'Выйдите и войдите снова.'],
    'serial-grabbed': [
      'Запущен {program}; он занимает новые последовательные порты.',
      'sudo systemctl mask --now {units}, если здесь нет ни модема, ни дисплея Брайля.',
    ],
    'serial-taken': [
      '{adapter} подключён, но порта у него нет: его забрала программа brltty для дисплеев Брайля.',
      'Если дисплея Брайля здесь нет: sudo systemctl mask --now brltty.service brltty-udev.service или ' +
        'sudo apt-get remove brltty; затем выньте кабель и вставьте снова.',
    ],
    'hid-none': ['Нет таких, которым нужен драйвер. Сканеру-клавиатуре он не нужен.'],
    'hid-ok': ['Вам можно открыть {paths}.'],
    'hid-no-rights': [
      'Вам нельзя открыть {path} ({owner}).',
      'Строка в /etc/udev/rules.d/70-tolem-hid.rules: {rule} ' +
        'Затем sudo udevadm control --reload && sudo udevadm trigger, выньте кабель и вставьте снова. ' +
        'uaccess даёт права тому, кто вошёл за экраном; иначе GROUP и MODE, как в docs/field-tester.md.',
    ],
    'check-late': ['Ответа нет дольше {seconds} с.', 'Запустите ещё раз; если повторится, что-то здесь висит.'],
    'check-broken': ['Посмотреть не удалось: {why}.', 'Пришлите нам эту строку.'],
  },
  end: {
    ok: 'Всё в порядке.',
    warning: 'Ошибок нет; обратите внимание: {warnings}.',
    fault: 'Ошибок: {faults}, кроме них обратите внимание: {warnings}. Начните с первой ошибки.',
  },
}
