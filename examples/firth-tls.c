/* SPDX-License-Identifier: Apache-2.0 */
/* Tells what a TLS server agrees on, and who it says it is: firth-tls [OPTION…] HOST [PORT], 443 without.
 *
 *     --ca FILE              trust the authorities of FILE (PEM or DER), not the system's; can be repeated
 *     --system               trust the system's too
 *     --crl FILE             refuse what this revocation list of an authority names (PEM or DER); can be repeated
 *     --name NAME            ask for NAME and expect it in the certificate, instead of HOST
 *     --cert FILE --key FILE show this certificate when the server asks for one
 *     --alpn NAME            offer this protocol; can be repeated, best first
 *     --tls1.2, --tls1.3     offer this version alone
 *     --pin-key HEX          the SHA-256 of the key that the server must have; can be repeated, and one is enough
 *     --pin-cert HEX         the same of its certificate
 *     --pins-alone           trust no authority: what is pinned is enough
 *     --any-name             take a certificate for another host
 *     --key-log FILE         append the connection's secrets to FILE, for Wireshark
 *     --again                connect a second time, with the ticket of the first
 *     --insecure             look at a server that would be refused
 *
 * Exit code 0 when a session was agreed on, and the server did not refuse the client after it; 1 when not, with the
 * reason; 2 for options that are none. */
#include <firth/firth.h>
#include <firth/tls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPEATED_MAX = 8, HEAR_OUT_MS = 2000, LINGER_MS = 500 };

typedef struct request {
    const char *host;
    int port;
    bool has_port;
    bool again;
    const char *key_log_file;
    FILE *key_log;
    bool trusts_system;
    bool trusts_pins_alone;
    firth_tls_data authorities[REPEATED_MAX];
    firth_tls_data revocation_lists[REPEATED_MAX];
    firth_tls_pin pins[REPEATED_MAX];
    firth_tls_identity identity;
    const char *protocols[REPEATED_MAX];
    firth_tls_builder tls;
    bool begun; /* the task has, and tells by itself what fails */
} request;

/* ---- what is printed ---------------------------------------------------------------------------------------------- */

static void print_hash(const char *what, const unsigned char hash[32])
{
    printf("%-12s ", what);
    for (int i = 0; i < 32; i++)
        printf("%02x", hash[i]);
    putchar('\n');
}

static void print_date(const char *what, int64_t seconds)
{
    time_t at = (time_t)seconds;
    const struct tm *date = gmtime(&at);
    char text[32] = "?";

    if (date != NULL)
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", date);
    printf("%-12s %s UTC\n", what, text);
}

static void print_certificate(const firth_tls_certificate *certificate)
{
    printf("%-12s %s\n", "subject", certificate->subject);
    printf("%-12s %s\n", "issuer", certificate->issuer);
    printf("%-12s %s\n", "serial", certificate->serial);
    for (size_t i = 0; i < certificate->name_count; i++)
        printf("%-12s %s\n", i == 0 ? "names" : "", certificate->names[i]);
    print_date("valid from", certificate->not_before_s);
    print_date("valid until", certificate->not_after_s);
    print_hash("sha256", certificate->sha256);
    print_hash("key sha256", certificate->public_key_sha256);
}

static int print_session(firth_socket *socket)
{
    const firth_tls_certificate *certificate;
    firth_tls_info info;
    int rc = firth_tls_get_info(socket, &info);

    if (rc < 0)
        return rc;
    printf("%-12s %s\n", "version", info.version == FIRTH_TLS_1_3 ? "TLS 1.3" : "TLS 1.2");
    printf("%-12s %s (0x%04x)\n", "suite", info.cipher_suite_name, (unsigned)info.cipher_suite);
    printf("%-12s %s\n", "alpn", info.alpn[0] != '\0' ? info.alpn : "none");
    printf("%-12s %s\n", "asked for", info.server_name[0] != '\0' ? info.server_name : "no name");
    printf("%-12s %s\n", "resumed", info.is_resumed ? "yes" : "no");
    if ((rc = firth_tls_peer_certificate(socket, &certificate)) == FIRTH_ERR_NOT_SUPPORTED)
        return printf("%-12s %s\n", "certificate", "none"), FIRTH_OK;
    if (rc >= 0)
        print_certificate(certificate);
    return rc;
}

static int refuse(const char *what, const request *from, int rc)
{
    const firth_failure *failure = firth_last_failure();

    if (rc == FIRTH_ERR_CANCELED)
        return rc;
    fflush(stdout); /* what was agreed on came before */
    fprintf(stderr, "%s %s port %d: %s\n", what, from->host, from->port, firth_error_text(rc));
    fprintf(stderr, "%-12s %s\n", "step", failure->step);
    if (failure->detail[0] != '\0')
        fprintf(stderr, "%-12s %s\n", "reason", failure->detail);
    if (failure->os_code != 0)
        fprintf(stderr, "%-12s %d\n", "code", failure->os_code);
    return rc;
}

/* ---- what is done ------------------------------------------------------------------------------------------------- */

/* In TLS 1.3 a server judges its client when that takes the handshake for done, and tickets come then, too: both are
 * before the server's end, for which it need not wait after this side's. What it says is not wanted. */
static int hear_out(firth_scope *scope, void *socket)
{
    char bytes[4096];
    int64_t rc = firth_flush_and_close(firth_socket_output(socket));

    (void)scope;
    if (rc == FIRTH_ERR_CANCELED)
        return (int)rc;
    while ((rc = firth_read(firth_socket_input(socket), bytes, sizeof bytes)) > 0)
        if ((rc = firth_yield()) < 0)
            break;
    return (int)rc;
}

/* Servers end in many ways, and some not at all: only the alert that names a cause is a verdict. */
static int await_verdict(firth_socket *socket)
{
    int rc = firth_with_timeout(HEAR_OUT_MS, hear_out, socket);

    return rc == FIRTH_ERR_TLS_ALERT || rc == FIRTH_ERR_CANCELED ? rc : FIRTH_OK;
}

/* Who did not want whom. */
static const char *verdict(int rc)
{
    switch (rc) {
    case FIRTH_ERR_TLS_ALERT:
        return "Refused by";
    case FIRTH_ERR_TLS_CERTIFICATE:
        return "Refusing";
    default:
        return "Cannot agree with";
    }
}

static int look(firth_scope *scope, const request *from, firth_tls_config *config)
{
    firth_tcp_builder tcp = firth_tcp(firth_scope_selector(scope));
    firth_socket *socket;
    int rc;

    tcp.linger_ms = LINGER_MS; /* it has been waited by then */
    rc = firth_tcp_connect(&tcp, from->host, from->port, &socket);
    if (rc < 0)
        return refuse("Cannot connect to", from, rc);
    if ((rc = firth_tls_start(socket, config, &socket)) < 0)
        return refuse(verdict(rc), from, rc);
    rc = print_session(socket);
    if (rc >= 0 && (rc = await_verdict(socket)) < 0)
        rc = refuse(verdict(rc), from, rc);
    (void)firth_socket_close(socket);
    return rc;
}

static void write_key(void *argument, const char *line)
{
    const request *from = argument;

    fprintf(from->key_log, "%s\n", line);
    fflush(from->key_log);
}

static int look_around(firth_scope *scope, void *argument)
{
    request *from = argument;
    firth_tls_config *config;
    int rc;

    from->begun = true;
    firth_scope_cancel_on_interrupt(scope);
    if (from->key_log != NULL) {
        from->tls.key_log = write_key;
        from->tls.key_log_argument = from;
    }
    if ((rc = firth_tls_build(&from->tls, &config)) < 0)
        return refuse("Cannot prepare to connect to", from, rc);
    rc = look(scope, from, config);
    if (rc >= 0 && from->again) {
        putchar('\n');
        rc = look(scope, from, config);
    }
    firth_tls_config_release(config);
    return rc;
}

/* ---- the command line --------------------------------------------------------------------------------------------- */

static bool parse_hash(const char *text, unsigned char hash[32])
{
    if (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64)
        return false;
    for (int i = 0; i < 32; i++) {
        const char digits[] = {text[2 * i], text[2 * i + 1], '\0'};

        hash[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    return true;
}

static bool add_file(firth_tls_data *files, size_t *count, const char *path)
{
    if (*count == REPEATED_MAX)
        return false;
    files[(*count)++] = firth_tls_file(path);
    return true;
}

static bool add_pin(request *to, const char *text, bool is_public_key)
{
    firth_tls_pin *pin;

    if (to->tls.pin_count == REPEATED_MAX)
        return false;
    pin = &to->pins[to->tls.pin_count++];
    pin->is_public_key = is_public_key;
    return parse_hash(text, pin->sha256);
}

static bool add_protocol(request *to, const char *name)
{
    if (to->tls.alpn_count == REPEATED_MAX)
        return false;
    to->protocols[to->tls.alpn_count++] = name;
    return true;
}

/* An option with a value; false when there is none of that name, or the value is none. */
static bool parse_value(request *to, const char *option, const char *value)
{
    if (strcmp(option, "--ca") == 0)
        return add_file(to->authorities, &to->tls.authority_count, value);
    if (strcmp(option, "--crl") == 0)
        return add_file(to->revocation_lists, &to->tls.revocation_list_count, value);
    if (strcmp(option, "--pin-key") == 0 || strcmp(option, "--pin-cert") == 0)
        return add_pin(to, value, strcmp(option, "--pin-key") == 0);
    if (strcmp(option, "--alpn") == 0)
        return add_protocol(to, value);
    if (strcmp(option, "--name") == 0)
        to->tls.server_name = value;
    else if (strcmp(option, "--cert") == 0)
        to->identity.certificate = firth_tls_file(value);
    else if (strcmp(option, "--key") == 0)
        to->identity.key = firth_tls_file(value);
    else if (strcmp(option, "--key-log") == 0)
        to->key_log_file = value;
    else
        return false;
    return true;
}

/* An option without one. */
static bool parse_flag(request *to, const char *option)
{
    if (strcmp(option, "--tls1.2") == 0)
        to->tls.max_version = FIRTH_TLS_1_2;
    else if (strcmp(option, "--tls1.3") == 0)
        to->tls.min_version = FIRTH_TLS_1_3;
    else if (strcmp(option, "--again") == 0)
        to->again = true;
    else if (strcmp(option, "--system") == 0)
        to->trusts_system = true;
    else if (strcmp(option, "--pins-alone") == 0)
        to->trusts_pins_alone = true;
    else if (strcmp(option, "--any-name") == 0)
        to->tls.insecure_any_name = true;
    else if (strcmp(option, "--insecure") == 0)
        to->tls.insecure_any_certificate = true;
    else
        return false;
    return true;
}

static bool parse_place(request *to, const char *word)
{
    char *end;
    long port;

    if (to->host == NULL) {
        to->host = word;
        return word[0] != '\0' && word[0] != '-';
    }
    port = strtol(word, &end, 10);
    if (to->has_port || end == word || *end != '\0' || port < 1 || port > 65535)
        return false;
    to->port = (int)port;
    return to->has_port = true;
}

/* What the builder points to. */
static void complete(request *to)
{
    if (to->tls.authority_count > 0 && !to->trusts_system)
        to->tls.trust = FIRTH_TLS_TRUST_AUTHORITIES;
    if (to->trusts_pins_alone)
        to->tls.trust = FIRTH_TLS_TRUST_PINS;
    to->tls.authorities = to->authorities;
    to->tls.revocation_lists = to->revocation_lists;
    to->tls.pins = to->pins;
    to->tls.alpn = to->protocols;
    to->tls.identities = &to->identity;
    to->tls.identity_count = to->identity.certificate.file != NULL;
}

static bool parse(request *to, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (parse_flag(to, argv[i]))
            continue;
        if (strncmp(argv[i], "--", 2) == 0) {
            if (i + 1 == argc || !parse_value(to, argv[i], argv[i + 1]))
                return false;
            i++;
        } else if (!parse_place(to, argv[i])) {
            return false;
        }
    }
    complete(to);
    return to->host != NULL && (to->identity.certificate.file == NULL) == (to->identity.key.file == NULL);
}

/* What did not get to its file is told, as what is read there later would be taken for all there was. */
static bool is_written(FILE *file, const char *name)
{
    if (fflush(file) == 0 && !ferror(file))
        return true;
    fprintf(stderr, "Cannot write to %s\n", name);
    return false;
}

int main(int argc, char **argv)
{
    static request from;
    bool all;
    int rc;

    from.port = 443;
    from.tls = firth_tls_client();
    if (!parse(&from, argc, argv)) {
        fprintf(
            stderr,
            "usage: %s [--ca FILE]… [--system] [--crl FILE]… [--name NAME] [--cert FILE --key FILE] [--alpn NAME]…\n"
            "       [--tls1.2 | --tls1.3] [--pin-key HEX]… [--pin-cert HEX]… [--pins-alone] [--any-name]\n"
            "       [--key-log FILE] [--again] [--insecure] HOST [PORT]\n",
            argv[0]);
        return 2;
    }
    if (from.key_log_file != NULL && (from.key_log = fopen(from.key_log_file, "a")) == NULL) {
        perror(from.key_log_file);
        return EXIT_FAILURE;
    }
    rc = firth_run(look_around, &from);
    if (rc < 0 && !from.begun)
        fprintf(stderr, "Cannot begin: %s (%s)\n", firth_error_text(rc), firth_last_failure()->step);
    all = is_written(stdout, "standard output");
    if (from.key_log != NULL) {
        all = is_written(from.key_log, from.key_log_file) && all;
        all = fclose(from.key_log) == 0 && all;
    }
    return rc < 0 || !all ? EXIT_FAILURE : EXIT_SUCCESS;
}
