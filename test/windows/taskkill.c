// Windows' own `taskkill /pid N /t /f`, of which Wine 8 has no "/t": ends a process and all that it
// has started.
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <tlhelp32.h>

static int end(DWORD pid) {
  HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
  PROCESSENTRY32 entry = {sizeof entry};
  for (BOOL more = Process32First(all, &entry); more; more = Process32Next(all, &entry)) {
    if (entry.th32ParentProcessID == pid && entry.th32ProcessID != pid) end(entry.th32ProcessID);
  }
  CloseHandle(all);
  HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, pid);
  if (process == NULL) return 128;
  BOOL ended = TerminateProcess(process, 1);
  CloseHandle(process);
  return ended ? 0 : 1;
}

int main(int count, char **words) {
  if (count != 5 || strcmp(words[1], "/pid") || strcmp(words[3], "/t") || strcmp(words[4], "/f")) return 1;
  return end((DWORD)strtoul(words[2], NULL, 10));
}
