/*
 * vpcd's driver, which takes commands for the reader itself as well: pcscd looks a driver's functions up by name, so
 * that all but this one come from vpcd (pcsc-lite, ifdhandler.h, "IFD handler 3.0"). It answers as ACS writes of the
 * ACR122U (API V2.04, 6.3 to 6.7), slowly. Two commands are the test's own: FF 00 98 is refused as libccid refuses
 * (IFD_COMMUNICATION_ERROR), FF 00 99 the same, after two seconds.
 */
#include <string.h>
#include <unistd.h>

typedef unsigned long dword;
enum { taken = 0, notSupported = 606, communicationError = 612 };

static const dword vendorExchange = 0x42000000 + 1;
static unsigned char parameter = 0xc1;

long IFDHControl(dword reader, dword code, unsigned char *command, dword length, unsigned char *answer,
                 dword answerMax, dword *answered) {
  (void)reader;
  *answered = 0;
  if (code != vendorExchange || answerMax < 16) return notSupported;
  if (length < 5 || command[0] != 0xff || command[1] != 0x00) return communicationError;
  if (command[2] == 0x98) return communicationError;
  if (command[2] == 0x99) {
    sleep(2);
    return communicationError;
  }
  usleep(150 * 1000);
  if (command[2] == 0x48) {
    memcpy(answer, "ACR122U215", 10);
    *answered = 10;
    return taken;
  }
  if (command[2] == 0x51) parameter = command[3];
  answer[0] = command[2] == 0x50 || command[2] == 0x51 || command[2] == 0x52 ? 0x90 : 0x63;
  answer[1] = command[2] == 0x50 || command[2] == 0x51 ? parameter : 0x00;
  *answered = 2;
  return taken;
}
