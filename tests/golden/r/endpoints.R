# Writes endpoints.csv and endpoints_session.txt beside itself: what tests/golden/test_modelling_endpoints.py is held
# to. Made with R 4.2.2 and survival 3.5-3 (Debian 12: r-base-core, r-cran-survival), which ship the data.
# Neither data set has competing events: some deaths are taken for those of another cause, to have ties and strata.
# Run: Rscript tests/golden/r/endpoints.R tests/golden/r
library(survival)
folder <- commandArgs(trailingOnly = TRUE)[1]
rows <- list()
note <- function(data, measure, at, value) {
  rows[[length(rows) + 1]] <<- data.frame(data = data, measure = measure, at = at, value = sprintf("%.12g", value))
}

# Aalen-Johansen by group: incidence of both causes, log-log limits of the event.
incidence <- function(name, time, cause, group, times) {
  state <- factor(cause, 0:2, c("censored", "event", "competing"))
  for (g in sort(unique(group))) {
    fit <- survfit(Surv(time[group == g], state[group == g]) ~ 1, conf.type = "log-log")
    found <- summary(fit, times = times)
    for (i in seq_along(times)) {
      note(name, paste0("event_", g), times[i], found$pstate[i, 2])
      note(name, paste0("event_lo_", g), times[i], found$lower[i, 2])
      note(name, paste0("event_hi_", g), times[i], found$upper[i, 2])
      note(name, paste0("competing_", g), times[i], found$pstate[i, 3])
    }
  }
}
with(veteran, incidence("veteran", time, ifelse(status == 0, 0, ifelse(prior == 10, 2, 1)), trt, c(30, 90, 180)))
with(gbsg, incidence("gbsg", rfstime, ifelse(status == 0, 0, ifelse(grade == 3, 2, 1)), hormon, c(365, 730, 1825)))
# One cause alone: 1 - Kaplan-Meier, with the limits of the incidence.
with(veteran, incidence("veteran_one", time, status, trt, c(30, 90, 180)))

# Cause-specific Cox regression: the competing event is a censoring.
fit <- coxph(Surv(time, status == 1 & prior == 0) ~ trt + karno, data = veteran)
note("veteran", "cause_trt", NA, coef(fit)[1])
note("veteran", "cause_karno", NA, coef(fit)[2])
note("veteran", "cause_loglik", NA, fit$loglik[2])

# Strata of the randomisation.
fit <- coxph(Surv(time, status) ~ trt + karno + strata(celltype), data = veteran)
note("veteran", "strata_trt", NA, coef(fit)[1])
note("veteran", "strata_karno", NA, coef(fit)[2])
note("veteran", "strata_loglik", NA, fit$loglik[2])
note("veteran", "strata_se_trt", NA, sqrt(vcov(fit)[1, 1]))
note("veteran", "strata_logrank", NA, survdiff(Surv(time, status) ~ trt + strata(celltype), data = veteran)$chisq)

data <- gbsg
data$time <- data$rfstime
data$z <- as.numeric(scale(log1p(data$pgr))) * sqrt(nrow(data) / (nrow(data) - 1))
data$block <- interaction(data$grade, data$meno)
full <- coxph(Surv(time, status) ~ hormon * z + age + strata(block), data = data)
reduced <- coxph(Surv(time, status) ~ hormon + z + age + strata(block), data = data)
note("gbsg", "strata_interaction", NA, coef(full)["hormon:z"])
note("gbsg", "strata_lrt", NA, anova(reduced, full)$Chisq[2])
note("gbsg", "strata_logrank", NA, survdiff(Surv(time, status) ~ hormon + strata(block), data = data)$chisq)

# Logistic regression with an indicator of each level of each factor.
data$early <- as.numeric(data$time < 730 & data$status == 1)
full <- glm(early ~ hormon * z + age + factor(grade) + factor(meno), family = binomial, data = data)
reduced <- update(full, . ~ . - hormon:z)
note("gbsg", "logistic_interaction", NA, coef(full)["hormon:z"])
note("gbsg", "logistic_lrt", NA, anova(reduced, full, test = "LRT")$Deviance[2])

# A continuous endpoint: least squares, F-test, limits by t.
data$y <- log1p(data$er)
full <- lm(y ~ hormon * z + age + factor(grade) + factor(meno), data = data)
reduced <- update(full, . ~ . - hormon:z)
test <- anova(reduced, full)
note("gbsg", "linear_interaction", NA, coef(full)["hormon:z"])
note("gbsg", "linear_lo", NA, confint(full)["hormon:z", 1])
note("gbsg", "linear_hi", NA, confint(full)["hormon:z", 2])
note("gbsg", "linear_reference", NA, coef(full)["z"])
note("gbsg", "linear_f", NA, test$F[2])
note("gbsg", "linear_df", NA, test$Res.Df[2])
note("gbsg", "linear_p", NA, test[["Pr(>F)"]][2])
plain <- lm(y ~ hormon, data = data)
note("gbsg", "linear_loglik", NA, as.numeric(logLik(plain)))
note("gbsg", "mean_difference", NA, coef(plain)[2])
note("gbsg", "mean_difference_lo", NA, confint(plain)[2, 1])
note("gbsg", "spearman", NA, cor(data$pgr, data$er, method = "spearman"))
note("gbsg", "pearson", NA, cor(data$pgr, data$er))

write.csv(do.call(rbind, rows), file.path(folder, "endpoints.csv"), row.names = FALSE, quote = FALSE)
writeLines(c(paste("Made on", Sys.Date()), capture.output(sessionInfo())), file.path(folder, "endpoints_session.txt"))
