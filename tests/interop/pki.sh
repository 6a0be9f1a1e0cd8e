#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# pki.sh FOLDER: makes the authorities, certificates and keys of the TLS tests, with the openssl command, in FOLDER.
# NAME.pem is a certificate followed by its intermediates, NAME.key its private key. What is there from this version of
# the script, and good for another month, is left alone. Exit code 77: there is no openssl.
set -euo pipefail
export LC_ALL=C
umask 077

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
cd "$1"

fail() {
    printf 'FAIL pki: %s\n' "$*"
    exit 1
}

# quietly COMMAND…: openssl talks a lot.
quietly() {
    "$@" >log 2>&1 || {
        cat log
        fail "$*"
    }
}

write_settings() {
    cat >settings <<'END'
[req]
distinguished_name = name
[name]
[ca]
default_ca = authority
[authority]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
default_crl_days = 3650
[any]
commonName = supplied
END
    : >index
}

# key NAME ALGORITHM…: as genpkey takes it.
key() {
    local name=$1
    shift
    quietly openssl genpkey -out "$name.key" "$@"
}

ec_key() {
    key "$1" -algorithm EC -pkeyopt ec_paramgen_curve:"${2:-P-256}"
}

# authority NAME COMMON-NAME: a root of its own, with NAME.key.
authority() {
    quietly openssl req -x509 -new -config settings -key "$1.key" -out "$1.pem" -subj "/O=Firth tests/CN=$2" -days 3650 \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
        -addext subjectKeyIdentifier=hash
}

# extensions KIND [SAN]: what stands in a certificate. KIND: server, client, intermediate.
extensions() {
    case $1 in
    intermediate) printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n' ;;
    server | client)
        printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n'
        printf 'extendedKeyUsage=%sAuth\n' "$1"
        ;;
    esac
    printf 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'
    [ -z "${2:-}" ] || printf 'subjectAltName=%s\n' "$2"
}

# certificate NAME ISSUER KIND COMMON-NAME [SAN [SIGNATURE OPTION…]]: of NAME.key.
certificate() {
    local name=$1 issuer=$2 kind=$3 common=$4 names=${5:-}
    shift 4
    [ $# -eq 0 ] || shift
    extensions "$kind" "$names" >"$name.extensions"
    quietly openssl req -new -config settings -key "$name.key" -out "$name.request" -subj "/O=Firth tests/CN=$common"
    quietly openssl x509 -req -in "$name.request" -out "$name.pem" -CA "$issuer.pem" -CAkey "$issuer.key" -days 3650 \
        -extfile "$name.extensions" "$@"
    rm "$name.extensions" "$name.request"
}

# dated_certificate NAME FIRST LAST KIND SAN: of the first authority, with dates of its own.
dated_certificate() {
    extensions "$4" "$5" >"$1.extensions"
    quietly openssl req -new -config settings -key "$1.key" -out "$1.request" -subj "/O=Firth tests/CN=$1"
    quietly openssl ca -batch -config settings -notext -in "$1.request" -out "$1.pem" -cert ca.pem -keyfile ca.key \
        -startdate "$2" -enddate "$3" -extfile "$1.extensions"
    rm "$1.extensions" "$1.request"
}

# copy_key FROM TO…: keys take time to make, and what they are is nobody's concern in most tests.
copy_key() {
    local to
    for to in "${@:2}"; do
        cp "$1.key" "$to.key"
    done
}

authorities() {
    ec_key ca
    authority ca 'Test Root'
    key ca-rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
    authority ca-rsa 'Test RSA Root'
    ec_key ca-unknown
    authority ca-unknown 'Unknown Root'
    ec_key intermediate
    certificate intermediate ca intermediate 'Test Intermediate'
    cat ca.pem ca-rsa.pem >authorities.pem
}

server_names=DNS:server.example.com,DNS:localhost,IP:127.0.0.1,IP:::1

# What a server may well have.
good_servers() {
    ec_key server-ecdsa
    certificate server-ecdsa intermediate server server.example.com "$server_names"
    cat intermediate.pem >>server-ecdsa.pem
    copy_key server-ecdsa no-intermediate
    openssl x509 -in server-ecdsa.pem -out no-intermediate.pem
    ec_key server-p384 P-384
    certificate server-p384 ca server server.example.com "$server_names"
    key server-rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
    certificate server-rsa ca-rsa server server.example.com "$server_names"
    copy_key server-rsa server-pss
    certificate server-pss ca-rsa server server.example.com "$server_names" \
        -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
    copy_key server-ecdsa second wildcard ip-only
    certificate second ca server second.example.com DNS:second.example.com
    certificate wildcard ca server wildcard 'DNS:*.example.com'
    certificate ip-only ca server ip-only IP:127.0.0.1
}

# What a client must refuse, or a TLS library may not know.
bad_servers() {
    key server-ed25519 -algorithm ED25519
    certificate server-ed25519 ca server server.example.com "$server_names"
    key server-pss-key -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048
    certificate server-pss-key ca-rsa server server.example.com "$server_names"
    copy_key server-ecdsa expired not-yet-valid self-signed unknown other-host no-san wildcard-com wildcard-all \
        wildcard-part wildcard-twice revoked wrong-usage
    dated_certificate expired 20200101000000Z 20210101000000Z server "$server_names"
    dated_certificate not-yet-valid 20990101000000Z 20991231000000Z server "$server_names"
    quietly openssl req -x509 -new -config settings -key self-signed.key -out self-signed.pem -days 3650 \
        -subj '/O=Firth tests/CN=server.example.com' -addext "subjectAltName=$server_names"
    certificate unknown ca-unknown server server.example.com "$server_names"
    certificate other-host ca server other.example.org DNS:other.example.org
    certificate no-san ca server server.example.com
    certificate wildcard-com ca server wildcard-com 'DNS:*.com'
    certificate wildcard-all ca server wildcard-all 'DNS:*'
    certificate wildcard-part ca server wildcard-part 'DNS:s*.example.com'
    certificate wildcard-twice ca server wildcard-twice 'DNS:*.*.example.com'
    certificate wrong-usage ca client server.example.com "$server_names"
    certificate revoked ca server server.example.com "$server_names"
}

revocation_lists() {
    local ca=(openssl ca -batch -config settings -cert ca.pem -keyfile ca.key)
    quietly "${ca[@]}" -gencrl -out crl-empty.pem
    quietly "${ca[@]}" -revoke revoked.pem
    quietly "${ca[@]}" -gencrl -out crl.pem
    quietly "${ca[@]}" -gencrl -crl_lastupdate 20200101000000Z -crl_nextupdate 20210101000000Z -out crl-expired.pem
    openssl crl -in crl.pem -outform DER -out crl.der
}

clients() {
    copy_key server-ecdsa client-ecdsa client-unknown client-expired
    certificate client-ecdsa ca client 'Ada Lovelace'
    copy_key server-rsa client-rsa
    certificate client-rsa ca-rsa client 'Grace Hopper'
    certificate client-unknown ca-unknown client Mallory
    dated_certificate client-expired 20200101000000Z 20210101000000Z client DNS:client
}

# The same in other clothes: DER, keys with a password, both in one file.
other_forms() {
    openssl x509 -in server-rsa.pem -outform DER -out server-rsa.der
    openssl pkey -in server-rsa.key -outform DER -out server-rsa.key.der
    openssl x509 -in ca.pem -outform DER -out ca.der
    openssl pkey -in server-ecdsa.key -aes256 -passout pass:secret -out server-encrypted.key
    openssl rsa -in server-rsa.key -traditional -aes128 -passout pass:secret -out server-rsa-encrypted.key 2>log
    cat server-ecdsa.pem server-ecdsa.key >server-both.pem
    cp server-ecdsa.pem server-encrypted.pem
}

main() {
    local version
    command -v openssl >/dev/null 2>&1 || {
        echo 'SKIP pki: openssl is not installed'
        exit 77
    }
    version=$(openssl version && cksum <"$here/pki.sh")
    if [ "$(cat version 2>/dev/null)" = "$version" ] && openssl x509 -in ca.pem -noout -checkend 2592000 >/dev/null; then
        echo 'PASS pki: there already'
        return 0
    fi
    find . -mindepth 1 -delete
    write_settings
    authorities
    good_servers
    bad_servers
    revocation_lists
    clients
    other_forms
    rm -f log settings index* ./*.extensions
    find . -regex '\./[0-9A-F]+\.pem' -delete
    printf '%s\n' "$version" >version
    echo 'PASS pki: made'
}

main
