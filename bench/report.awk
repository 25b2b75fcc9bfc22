# SPDX-License-Identifier: Apache-2.0
# The tables and the chart of bench/report. Reads the operations' names, then files of figures: a line with kind, environment and CPU, and
# below it one line per figure. Writes the chart to the file in `svg`.

FILENAME ~ /operations[.]txt$/ {
    if (!/^#/ && NF > 1) {
        name = $1
        sub(/^[^ ]+ +/, "")
        label[name] = $0
        operation[++operations] = name
    }
    next
}
/^{"kind":/ {
    split($0, part, "\"")
    kind = part[4]
    environment = part[8]
    cpu = part[12]
    if (kind == "peer") peer[++peers] = environment
    if (kind == "boot") booted[environment, cpu] = 1
    next
}
/^"/ {
    match($0, /":/)
    name = substr($0, 2, RSTART - 2)
    text = substr($0, RSTART + 2)
    sub(/,$/, "", text)
    gsub(/"/, "", text)
    value[kind, environment, cpu, name] = text
    if (kind == "boot" && !((environment, name) in boot_seen)) {
        boot_seen[environment, name] = 1
        boot_name[environment, ++boot_names[environment]] = name
    }
}

function figure(kind, environment, cpu, name) {
    return ((kind, environment, cpu, name) in value) ? value[kind, environment, cpu, name] : ""
}

# As a table shows it: whole instructions, words as they are.
function cell(text) {
    return text == "" || text == "null" ? "-" : text ~ /^[0-9.]+$/ ? sprintf("%.0f", text) : text
}

function is_number(text) { return text ~ /^[0-9.]+$/ }

function best_peer(name, i, found, best) {
    best = ""
    for (i = 1; i <= peers; i++) {
        found = figure("peer", peer[i], "neoverse-n1", name)
        if (is_number(found) && (best == "" || found + 0 < best + 0)) best = found
    }
    return best
}

# Counts, too, what was met and missed.
function verdict(found, target) {
    if (target == "" || !is_number(found)) return ""
    if (sprintf("%.0f", found) + 0 <= target + 0) { met++; return "met" }
    missed++
    return "MISSED"
}

function table_peers(i, j, name, ours, best) {
    print "Operations on neoverse-n1, in instructions as the guest sees them, 2 of them the measuring loop's"
    printf "%-36s %7s %7s %7s %6s %6s", "", "target", "Ashlar", "auto", "stub", "bare"
    for (j = 1; j <= peers; j++) printf " %9s", peer[j]
    printf " %11s\n", "best/Ashlar"
    for (i = 1; i <= operations; i++) {
        name = operation[i]
        ours = figure("ops", "ashlar-off", "neoverse-n1", name)
        printf "%-36s %7s %7s %7s %6s %6s", label[name], cell(figure("target", "ops", "neoverse-n1", name)), cell(ours),
            cell(figure("ops", "ashlar-auto", "neoverse-n1", name)), cell(figure("ops", "stub", "neoverse-n1", name)),
            cell(figure("ops", "bare", "neoverse-n1", name))
        for (j = 1; j <= peers; j++) printf " %9s", cell(figure("peer", peer[j], "neoverse-n1", name))
        best = best_peer(name)
        printf " %11s %s\n", best != "" && is_number(ours) ? sprintf("%.1f x", best / ours) : "",
            verdict(ours, figure("target", "ops", "neoverse-n1", name))
    }
}

function table_models(i, j, k, name, models, model, modes, mode, found, target) {
    models = split("neoverse-n1 cortex-a72 max", model, " ")
    modes = split("off auto", mode, " ")
    print ""
    print "Ashlar by CPU model, mitigations off and auto"
    printf "%-36s", ""
    for (j = 1; j <= models; j++) printf " %13s %7s %6s", model[j] " off", "auto", "more"
    print ""
    for (i = 1; i <= operations; i++) {
        name = operation[i]
        target = figure("target", "ops", "neoverse-n1", name)
        printf "%-36s", label[name]
        for (j = 1; j <= models; j++) {
            found = figure("ops", "ashlar-off", model[j], name)
            k = figure("ops", "ashlar-auto", model[j], name)
            printf " %13s %7s %6s", cell(found), cell(k), is_number(found) && is_number(k) ? sprintf("%.0f", k - found) : "-"
        }
        printf " %s\n", model_verdict(name, target)
    }
}

# What auto adds to an exit.
function mitigation_cost(found, target) {
    found = figure("ops", "ashlar-auto", "neoverse-n1", "hvc_psci_version")
    target = figure("target", "mitigations", "neoverse-n1", "hvc_psci_version")
    if (!is_number(found)) return
    found -= figure("ops", "ashlar-off", "neoverse-n1", "hvc_psci_version")
    printf "\nmitigations: auto adds %.0f to an exit on neoverse-n1, target %d, %s\n", found, target, verdict(found, target)
}

function model_verdict(name, target, found) {
    found = figure("ops", "ashlar-off", "cortex-a72", name)
    if (target == "" || !is_number(found)) return ""
    return verdict(found, target) " on cortex-a72"
}

# What the loader and the hypervisor take, and the same work in Linux with and without a hypervisor.
function table_boot(cpu, i, name, found, target) {
    if (!(("ashlar", cpu) in booted)) return
    print ""
    print "From reset to a guest's first instruction, a VM of 256 MiB, " cpu
    for (i = 1; i <= boot_names["ashlar"]; i++) {
        name = boot_name["ashlar", i]
        found = figure("boot", "ashlar", cpu, name)
        target = figure("target", "boot", "neoverse-n1", name)
        printf "%-42s %15s%s\n", name, cell(found), target == "" ? "" : "  target " target ", " verdict(found, target)
    }
}

function table_work(cpu, cpus, i, name, ours, more, bare, ratio, target, environment) {
    environment = "ashlar-off-debian-" cpus
    if (!((environment, cpu) in booted)) return
    print ""
    print "Debian with " cpus (cpus == 1 ? " CPU, " : " CPUs, ") cpu ", in instructions"
    printf "%-36s %15s %15s %15s\n", "", "Ashlar", "auto", "bare"
    for (i = 1; i <= boot_names[environment]; i++) {
        name = boot_name[environment, i]
        ours = figure("boot", environment, cpu, name)
        more = figure("boot", "ashlar-auto-debian-" cpus, cpu, name)
        bare = figure("boot", "bare-debian-" cpus, cpu, name)
        ratio = is_number(bare) && bare > 0 && is_number(ours) ? ours / bare : ""
        target = cpus == 1 ? figure("target", "boot ratio", "neoverse-n1", name) : "" # with two, bare itself varies by more
        printf "%-36s %15s %15s %15s  %s%s%s\n", name, cell(ours), cell(more), cell(bare), ratio == "" ? "" : sprintf("%.3f x", ratio),
            ratio == "" || !is_number(more) ? "" : sprintf(" (%.3f)", more / bare),
            target == "" || ratio == "" ? "" : ", target " target " x, " ratio_verdict(ratio, target)
    }
}

function ratio_verdict(ratio, target) {
    if (ratio <= target + 0) { met++; return "met" }
    missed++
    return "MISSED"
}

# ---- the chart: bars on a logarithmic scale ----

function x_of(number) { return left + (number < 1 ? 0 : log(number) / log(10)) * decade }

function bar(row, text, found, colour) {
    if (!is_number(found) || found < 1) return
    printf "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"><title>%s: %.0f</title></rect>\n", left, row, x_of(found) - left,
        thick - 1, colour, text, found >svg
}

function legend(at, colour, text) {
    printf "<rect x=\"%d\" y=\"32\" width=\"10\" height=\"10\" fill=\"%s\"/><text x=\"%d\" y=\"41\">%s</text>\n", at, colour, at + 14, text >svg
}

function chart_axis(height, i) {
    for (i = 0; i <= decades; i++) {
        printf "<line x1=\"%d\" y1=\"52\" x2=\"%d\" y2=\"%d\" stroke=\"#ddd\"/>\n", left + i * decade, left + i * decade, height >svg
        printf "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#666\">%d</text>\n", left + i * decade, height + 14, 10 ^ i >svg
    }
}

function chart(i, j, name, row, rows, target, height) {
    left = 250; decade = 110; decades = 6; thick = 6
    colours = split("#c77d2e #4a7a3a #8fbf7a #8a4f9e #c3a0d0", colour, " ")
    for (i = 1; i <= operations; i++) if (best_peer(operation[i]) != "") rows++
    height = 56 + rows * (thick * (peers + 2) + 8)
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", left + decades * decade + 40, height + 24 >svg
    print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>" >svg
    print "<text x=\"10\" y=\"20\" font-size=\"14\">Instructions per operation as the guest sees them, neoverse-n1 (red: target)</text>" >svg
    legend(10, "#14508c", "Ashlar")
    legend(80, "#7fb2e5", "mitigations auto")
    for (j = 1; j <= peers; j++) legend(110 + j * 90, colour[j], peer[j])
    chart_axis(height)
    row = 56
    for (i = 1; i <= operations; i++) {
        name = operation[i]
        if (best_peer(name) == "") continue
        printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left - 6, row + thick * (peers + 2) / 2 + 4, label[name] >svg
        bar(row, "Ashlar", figure("ops", "ashlar-off", "neoverse-n1", name), "#14508c")
        bar(row + thick, "Ashlar, mitigations auto", figure("ops", "ashlar-auto", "neoverse-n1", name), "#7fb2e5")
        for (j = 1; j <= peers; j++) bar(row + thick * (j + 1), peer[j], figure("peer", peer[j], "neoverse-n1", name), colour[j])
        target = figure("target", "ops", "neoverse-n1", name)
        if (target != "")
            printf "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#d00\" stroke-width=\"2\"/>\n", x_of(target), row - 2, x_of(target), row + 2 * thick + 2 >svg
        row += thick * (peers + 2) + 8
    }
    print "</svg>" >svg
    close(svg)
}

END {
    table_peers()
    table_models()
    mitigation_cost()
    models = split("neoverse-n1 cortex-a72 max", model, " ")
    for (m = 1; m <= models; m++) {
        table_boot(model[m])
        table_work(model[m], 1)
        table_work(model[m], 2)
    }
    chart()
    print ""
    printf "targets: %d met, %d missed\n", met, missed
}
