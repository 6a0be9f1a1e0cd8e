/* SPDX-License-Identifier: Apache-2.0 */
/* Comes before each source file of a library that runs on the double: leads these calls to calls.c. The types are spelled
 * without a header, which would be the first to be included. */
struct sockaddr;
struct msghdr;
int socket(int, int, int) __asm__("kqueue_double_socket");
int close(int) __asm__("kqueue_double_close");
int listen(int, int) __asm__("kqueue_double_listen");
int accept(int, struct sockaddr *, unsigned *) __asm__("kqueue_double_accept");
int connect(int, const struct sockaddr *, unsigned) __asm__("kqueue_double_connect");
int getpeername(int, struct sockaddr *, unsigned *) __asm__("kqueue_double_getpeername");
int getsockopt(int, int, int, void *, unsigned *) __asm__("kqueue_double_getsockopt");
int setsockopt(int, int, int, const void *, unsigned) __asm__("kqueue_double_setsockopt");
__PTRDIFF_TYPE__ recv(int, void *, __SIZE_TYPE__, int) __asm__("kqueue_double_recv");
__PTRDIFF_TYPE__ recvfrom(int, void *, __SIZE_TYPE__, int, struct sockaddr *,
                          unsigned *) __asm__("kqueue_double_recvfrom");
__PTRDIFF_TYPE__ recvmsg(int, struct msghdr *, int) __asm__("kqueue_double_recvmsg");
__PTRDIFF_TYPE__ send(int, const void *, __SIZE_TYPE__, int) __asm__("kqueue_double_send");
__PTRDIFF_TYPE__ sendto(int, const void *, __SIZE_TYPE__, int, const struct sockaddr *,
                        unsigned) __asm__("kqueue_double_sendto");
__PTRDIFF_TYPE__ sendmsg(int, const struct msghdr *, int) __asm__("kqueue_double_sendmsg");
