#!/bin/sh
# From a month of a comptoir's books to a verified trail:
#
#     sh run.sh FOLDER
#
# makes a ledger in FOLDER and registers book/*.csv in it, one statement for each page. All keys
# are made here, for the exercise; in earnest each party has its own, on its own computer, and
# statements travel as files (--draft, sign, countersign, register). With ORETRAIL_PASSPHRASE_FILE
# set the keys are encrypted.
set -eu

ledger=${1:?usage: sh run.sh FOLDER}
book=$(cd "$(dirname "$0")" && pwd)/book
comptoir=rusizi.example agency=rma.example laboratory=assay.example smelter=smelter.example
secret=--insecure-no-passphrase
[ -z "${ORETRAIL_PASSPHRASE_FILE-}" ] || secret=

trail() { oretrail --ledger "$ledger" "$@"; }
column() { tail -q -n +2 "$@" | cut -d, -f"$nth"; }

echo "== the ledger, and who is in it"
oretrail init "$ledger" --origin rusizi.example/june --name "Comptoir Rusizi, June" $secret
nth=1
for party in $(column "$book/parties.csv"); do
    trail key new "$party" $secret >/dev/null
done
trail party admit --from "$book/parties.csv" --occurred-at 2025-04-14
trail site add --from "$book/sites.csv" --by governance --occurred-at 2025-04-14
trail site assess --from "$book/inspections.csv" --by $agency --occurred-at 2025-04-15 \
    --standard "regional mine inspection (fictional)"
trail tags issue --from "$book/tags.csv" --by $agency --agent $agency --occurred-at 2025-04-15

# Mine logs, delivery notes and weighbook, each day that the comptoir buys.
for page in "$book"/mine-log-*.csv; do
    day=${page##*mine-log-} && day=${day%.csv}
    echo "== $day"
    # Dug and tagged: said by the mine, with the agency, which put the tag on.
    trail record extraction --from "$page" --cosigner $agency \
        --column "by=Account" --column "occurred_at=Date" --column "lot=Mine tag" \
        --column "tags=Mine tag" --column "site=Pit" --column "mass (kg)=Weight (kg)" \
        --material "coltan ore" --basis wet --method asm
    # Sent: one delivery, a list of bags; said by the mine.
    trail transfer dispatch --from "$book/supplies-$day.csv" --to $comptoir \
        --column "by=Account" --column "occurred_at=Date" --column "lots=Mine tags" \
        --column "waybill=Waybill" --mode road
    # Bought: every bag on the comptoir's own scale. Bags were weighed by hand at the pit.
    trail transfer receive --from "$book/weights-$day.csv" --by $comptoir \
        --column "occurred_at=Date" --column "lots.lot=Mine tag" --column "lots.basis=Weighed" \
        --column "lots.mass (kg)=Weight in per mine tag (kg)" --instrument hand-scale
done

# The sorting floor, twice a month: each delivery is tipped, sorted, sampled, bagged anew.
for page in "$book"/negociant-log-*.csv; do
    echo "== ${page##*/}"
    trail record blend --from "$page" --by $comptoir --material "coltan ore" \
        --column "occurred_at=Date tagged" --column "lot=Supply no" --column "inputs=Mine tags" \
        --column "losses=Losses" --column "mass (kg)=Weight out (kg)"
    trail record tagging --from "$page" --by $comptoir --cosigner $agency \
        --column "occurred_at=Date tagged" --column "lot=Supply no" \
        --column "removed=Mine tags" --column "applied=Negociant tags"
    trail record assay --from "$page" --by $laboratory --cosigner $comptoir --method xrf \
        --column "occurred_at=Date tagged" --column "lot=Supply no" --column "sample=Sample" \
        --column "moisture (%)=Moisture (%)" --column "grades.Ta2O5 (%)=Ta2O5 (%)"
    trail record split --from "$page" --by $comptoir --material "coltan ore" \
        --column "occurred_at=Date tagged" --column "lot=Supply no" \
        --column "parts=Weight out per negociant tag"
done

echo "== the lot that leaves"
trail record blend --from "$book/export.csv" --by $comptoir --material "coltan ore" \
    --column "occurred_at=Date" --column "lot=Lot no" --column "inputs=Negociant tags" \
    --column "losses=Losses" --column "mass (kg)=Weight out (kg)"
trail record assay --from "$book/export.csv" --by $laboratory --cosigner $comptoir --method icp \
    --column "occurred_at=Date" --column "lot=Lot no" --column "sample=Sample" \
    --column "moisture (%)=Moisture (%)" --column "grades.Ta2O5 (%)=Ta2O5 (%)"
trail record certificate --by $agency --certificate RW-2025-0419 --subject lot:RUS-2506 \
    --standard "regional export certificate (fictional)" --origins RW --scope coltan \
    --valid-from 2025-07-01 --valid-to 2025-09-29 --occurred-at 2025-07-01
trail transfer dispatch --by $comptoir --to $smelter --lot RUS-2506 --mode sea --seal RMA-7702 \
    --route "RW;TZ" --waybill B-25-0088 --occurred-at 2025-07-02T06:00Z
trail transfer receive --by $smelter --seals intact --occurred-at 2025-08-11T09:30Z \
    --lot "RUS-2506=5004.6 kg,basis=wet"

# What the paper says that came in, against what the ledger says became of it, in milligrams.
echo "== reconciled"
sum() { paste -s -d+ - | { read -r terms && echo $((${terms:-0})); }; }
nth=4 bags=$(column "$book"/weights-*.csv | wc -l)
bought=$(($(column "$book"/weights-*.csv | tr -d . | sed 's/^0*//' | sum) * 10000))
sent=$(trail trace RUS-2506 --json | tr '{' '\n' |
    sed -n 's/.*"lot": *"RUS-2506".*"sent_mg": *\([0-9]*\).*/\1/p')
lost=$(trail log --json | tr '{' '\n' | sed -n 's/^ *"mass": *\([0-9]*\), *"reason".*/\1/p' | sum)
stock=$(trail lots --holder $comptoir --state held --json | tr ',' '\n' |
    sed -n 's/.*"mass_mg": *\([0-9]*\).*/\1/p' | sum)
printf '%-22s %12d mg\n' "bought, $((bags)) bags" "$bought" "exported" "$sent" \
    "lost, as declared" "$lost" "in stock" "$stock" "difference" $((bought - sent - lost - stock))
[ $((bought - sent - lost - stock)) -eq 0 ] || { echo "the books do not add up" >&2 && exit 1; }

trail checkpoint make >/dev/null
trail verify
