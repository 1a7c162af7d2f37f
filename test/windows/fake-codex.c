// A codex.exe of a few kilobytes: says a version, and with "wait" runs until it is ended. As a server
// it answers nothing, and starts another of its kind, whose process id it writes to TREE_PID_FILE.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static int serve(char *self) {
  char words[1024];
  snprintf(words, sizeof words, "\"%s\" wait", self);
  STARTUPINFOA how = {sizeof how};
  PROCESS_INFORMATION child;
  if (!CreateProcessA(NULL, words, NULL, NULL, FALSE, 0, NULL, NULL, &how, &child)) return 1;
  FILE *file = fopen(getenv("TREE_PID_FILE"), "w");
  fprintf(file, "%lu", child.dwProcessId);
  fclose(file);
  Sleep(60000);
  return 0;
}

int main(int count, char **words) {
  if (count > 1 && strcmp(words[1], "wait") == 0) Sleep(60000);
  if (count > 1 && strcmp(words[1], "app-server") == 0) return serve(words[0]);
  if (count > 1 && strcmp(words[1], "words") == 0) {
    for (int i = 2; i < count; i++) printf("[%s]", words[i]);
    printf("\n");
    return 7;
  }
  printf("codex-cli " VERSION "\n");
  return 0;
}
