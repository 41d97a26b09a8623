# Writes accuracy.csv beside itself: what tests/golden/test_modelling_accuracy.py is held to. Made with R 4.2.2 and
# survival 3.5-3 (Debian 12: r-base-core, r-cran-survival), which ship the data; session.txt says on what and when.
# Scores are linear predictors of Cox models (Efron ties) fitted to all rows: what is compared is the measure.
# Brier score and AUC follow their formulas (Graf 1999, Uno 2007): survival has no function for them.
# Run: Rscript tests/golden/r/accuracy.R tests/golden/r
library(survival)
folder <- commandArgs(trailingOnly = TRUE)[1]
rows <- list()
note <- function(data, measure, at, value) {
  rows[[length(rows) + 1]] <<- data.frame(data = data, measure = measure, at = at, value = sprintf("%.12g", value))
}

# Share not censored just before and just after some times; at one time events come before censorings.
censoring <- function(time, status) {
  u <- sort(unique(time))
  n <- sapply(u, function(t) sum(time >= t) - sum(time == t & status == 1))
  d <- sapply(u, function(t) sum(time == t & status == 0))
  g <- cumprod(ifelse(n > 0, 1 - d / pmax(n, 1), 1))
  list(
    after = function(t) c(1, g)[findInterval(t, u) + 1],
    before = function(t) c(1, g)[findInterval(t, u, left.open = TRUE) + 1]
  )
}

brier <- function(time, status, risk, t, g) {
  sum(ifelse(time <= t & status == 1, (1 - risk)^2 / g$before(time), 0) +
    ifelse(time > t, risk^2 / g$after(t), 0)) / length(time)
}

auc <- function(time, status, score, t, g) {
  case <- which(time <= t & status == 1)
  control <- which(time > t)
  w <- 1 / g$before(time[case])
  points <- outer(score[case], score[control], function(a, b) (a > b) + 0.5 * (a == b))
  sum(w * points) / (sum(w) * length(control))
}

judge <- function(name, data, fit, horizons, group) {
  time <- data$time
  status <- data$status
  score <- predict(fit, type = "lp")
  g <- censoring(time, status)
  note(name, "harrell_c", NA, concordance(fit)$concordance)
  note(name, "uno_c", NA, concordance(fit, timewt = "n/G2")$concordance)
  held <- coxph(Surv(time, status) ~ score, ties = "breslow", init = 1, control = coxph.control(iter.max = 0))
  base <- basehaz(held, centered = FALSE)
  hazard <- stepfun(base$time, c(0, base$hazard))
  for (h in horizons) {
    risk <- 1 - exp(-hazard(h) * exp(score))
    note(name, "uno_c", h, concordance(fit, timewt = "n/G2", ymax = h - 1e-9)$concordance)
    note(name, "auc", h, auc(time, status, score, h, g))
    note(name, "brier", h, brier(time, status, risk, h, g))
    note(name, "risk_mean", h, mean(risk))
    km <- survfit(Surv(time, status) ~ 1)
    note(name, "observed_risk", h, 1 - summary(km, times = h)$surv)
    u <- sort(unique(time[time < h]))
    scores <- sapply(u, function(t) brier(time, status, 1 - exp(-hazard(t) * exp(score)), t, g))
    note(name, "integrated_brier", h, sum(scores * diff(c(u, h))) / h)
    means <- survfit(Surv(time, status) ~ group)
    table <- summary(means, rmean = h)$table
    for (k in 1:2) {
      note(name, paste0("rmst_", k), h, table[k, "rmean"])
      note(name, paste0("rmst_error_", k), h, table[k, "se(rmean)"])
    }
  }
  half <- coxph(Surv(time, status) ~ I(score / 2))
  note(name, "slope_of_half", NA, coef(half))
  note(name, "slope_error_of_half", NA, sqrt(vcov(half)[1, 1]))
  note(name, "logrank", NA, survdiff(Surv(time, status) ~ group)$chisq)
}

judge(
  "veteran", veteran, coxph(Surv(time, status) ~ trt + celltype + karno + diagtime + age + prior, data = veteran),
  c(90, 250), veteran$trt
)
data <- gbsg
data$time <- data$rfstime
judge(
  "gbsg", data, coxph(Surv(time, status) ~ hormon + age + meno + size + factor(grade) + nodes + pgr + er, data = data),
  c(730, 1825), data$hormon
)
write.csv(do.call(rbind, rows), file.path(folder, "accuracy.csv"), row.names = FALSE, quote = FALSE)
writeLines(c(paste("Made on", Sys.Date()), capture.output(sessionInfo())), file.path(folder, "session.txt"))
