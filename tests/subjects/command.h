/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FIRTH_TESTS_SUBJECTS_COMMAND_H
#define FIRTH_TESTS_SUBJECTS_COMMAND_H

/* The program has taken argv[1…taken] for itself: puts argv[0] to argv[taken] as one into argv[taken], from where the kit
 * goes on. */
void posix_join_command(int taken, char **argv);

#endif
